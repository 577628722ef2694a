import { Button, Group, Stack, Text } from '@mantine/core';
import { Dropzone } from '@mantine/dropzone';
import { IconCloudUpload } from '@tabler/icons-react';
import { useRef } from 'react';
import { formatLimit } from '../ui/format.js';
import classes from './upload.module.css';
import { UploadList } from './UploadList.js';
import type { Uploads } from './uploads.js';

interface UploadAreaProps {
  uploads: Uploads;
  maxUploadBytes: number | null;
  hrefOf: (documentId: string) => string | null;
}

export function UploadArea({ uploads, maxUploadBytes, hrefOf }: UploadAreaProps) {
  const openPicker = useRef<() => void>(null);
  return (
    <Stack gap="sm">
      {/* Only the button takes the keyboard focus; the zone would be a second stop. */}
      <Dropzone
        onDrop={(files) => uploads.add(files)}
        openRef={openPicker}
        activateOnClick={false}
        activateOnKeyboard={false}
        multiple
        radius="lg"
        className={classes['zone'] ?? ''}
        tabIndex={-1}
        inputProps={{ 'aria-label': 'Files to upload' }}
      >
        <Group justify="space-between" gap="md" className={classes['content'] ?? ''}>
          <Group gap="md" wrap="nowrap">
            <IconCloudUpload size={34} stroke={1.5} aria-hidden className={classes['cloud']} />
            <div>
              <Text fw={600}>Drop documents here</Text>
              <Text size="sm" c="dimmed">
                PDF, Word, text and more
                {maxUploadBytes === null ? '' : `, up to ${formatLimit(maxUploadBytes)} each`}
              </Text>
            </div>
          </Group>
          <Button className={classes['choose'] ?? ''} onClick={() => openPicker.current?.()}>
            Choose files
          </Button>
        </Group>
      </Dropzone>
      <UploadList uploads={uploads} hrefOf={hrefOf} />
    </Stack>
  );
}
