/** Handmade PDFs, with a valid or an invalid cross-reference table. */
import { readFile } from 'node:fs/promises';

/** The bytes to remove, so that the cross-reference table points beside its objects. */
const MISSING = { from: 6_303, to: 36_787 };
const CHANGED_BYTES: Record<number, number> = {
  10400: 23, 11559: 158, 24978: 205, 31462: 108, 32705: 97, 32874: 211, 39443: 251, 51690: 27, 66969: 70, 69693: 45,
  79604: 101, 82525: 150, 84542: 20, 96464: 25, 97714: 94, 105519: 126, 105630: 113,
}; // prettier-ignore

export async function damaged89(): Promise<Buffer> {
  const source = await emptyPages();
  return Buffer.concat([source.subarray(0, MISSING.from), source.subarray(MISSING.to)]);
}

export async function damaged209(): Promise<Buffer> {
  const damaged = await emptyPages();
  for (const [offset, byte] of Object.entries(CHANGED_BYTES)) damaged[Number(offset)] = byte;
  return damaged;
}

function emptyPages(): Promise<Buffer> {
  return readFile(new URL('../../../corpus/empty-pages-1000.pdf', import.meta.url));
}

export interface PdfOptions {
  /** Further entries of the catalogue. */
  catalog?: string;
  /** The children of the page tree, which is object 2; the page is object 3. */
  kids?: readonly string[];
  count?: number;
  /** The page's content stream. */
  content?: string;
  resources?: string;
  /** Further objects, from object 5 on. */
  objects?: readonly string[];
}

export function pdf({
  catalog = '',
  kids = ['3 0 R'],
  count = 1,
  content = '',
  resources = '',
  objects = [],
}: PdfOptions): Buffer {
  return assemble([
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${count} >>`,
    `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Resources << ${resources} >> >>`,
    stream('', content),
    ...objects,
  ]);
}

/** Makes a PDF with nested forms, each of which draws the next one `repeats` times. */
export function nestedForms(levels: number, repeats: number): Buffer {
  const forms = Array.from({ length: levels }, (_, level) => {
    const next = level + 1 < levels ? `/Resources << /XObject << /F ${6 + level} 0 R >> >>` : '';
    return stream(
      `/Type /XObject /Subtype /Form /BBox [0 0 200 200] ${next}`,
      level + 1 < levels ? '/F Do '.repeat(repeats) : '0 0 m',
    );
  });
  return pdf({ content: '/F Do', resources: '/XObject << /F 5 0 R >>', objects: forms });
}

export function sameForm(repeats: number): Buffer {
  const form = stream('/Type /XObject /Subtype /Form /BBox [0 0 200 200]', '0 0 m '.repeat(1_000));
  return pdf({
    content: '/F Do '.repeat(repeats),
    resources: '/XObject << /F 5 0 R >>',
    objects: [form],
  });
}

function stream(entries: string, content: string): string {
  return `<< /Length ${content.length} ${entries} >>\nstream\n${content}\nendstream`;
}

function assemble(objects: readonly string[]): Buffer {
  let text = '%PDF-1.7\n';
  const offsets: number[] = [];
  objects.forEach((object, index) => {
    offsets.push(text.length);
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
  });
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  return Buffer.from(
    `${text}xref\n0 ${size}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${text.length}\n%%EOF\n`,
  );
}
