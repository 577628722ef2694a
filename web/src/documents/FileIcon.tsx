import { ThemeIcon } from '@mantine/core';
import {
  IconFile,
  IconFileText,
  IconFileTypeCsv,
  IconFileTypeDocx,
  IconFileTypeHtml,
  IconFileTypePdf,
  IconFileTypePpt,
  IconFileTypeTxt,
  IconFileTypeXls,
} from '@tabler/icons-react';

const BY_EXTENSION: Readonly<Record<string, typeof IconFile | undefined>> = {
  pdf: IconFileTypePdf,
  doc: IconFileTypeDocx,
  docx: IconFileTypeDocx,
  odt: IconFileText,
  md: IconFileText,
  txt: IconFileTypeTxt,
  html: IconFileTypeHtml,
  htm: IconFileTypeHtml,
  csv: IconFileTypeCsv,
  xlsx: IconFileTypeXls,
  xls: IconFileTypeXls,
  pptx: IconFileTypePpt,
};

export function FileIcon({ filename }: { filename: string | null }) {
  const extension = filename?.split('.').at(-1)?.toLowerCase() ?? '';
  const Icon = BY_EXTENSION[extension] ?? IconFile;
  return (
    <ThemeIcon variant="light" color="gray" size={38} radius="md" aria-hidden>
      <Icon size={22} stroke={1.6} />
    </ThemeIcon>
  );
}
