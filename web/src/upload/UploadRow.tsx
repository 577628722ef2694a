import { ActionIcon, Anchor, Button, Group, Progress, Text, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { errorHelp } from '../api/error-help.js';
import { formatBytes } from '../ui/format.js';
import classes from './upload.module.css';
import { canRetry, type Upload, type Uploads } from './uploads.js';

interface UploadRowProps {
  upload: Upload;
  uploads: Uploads;
  hrefOf: (documentId: string) => string | null;
}

export function UploadRow({ upload, uploads, hrefOf }: UploadRowProps) {
  const { key, file, state } = upload;
  return (
    <li className={classes['row']} data-testid="upload" data-phase={state.phase}>
      <Group justify="space-between" wrap="nowrap" gap="sm" align="start">
        <div className={classes['text']}>
          <Text size="sm" fw={600} className="wrap-anywhere">
            {file.name}
          </Text>
          <UploadText upload={upload} hrefOf={hrefOf} />
        </div>
        <Group gap={4} wrap="nowrap">
          {canRetry(state) && (
            <Button size="compact-sm" variant="default" onClick={() => uploads.retry(key)}>
              Try again
            </Button>
          )}
          <DismissOrAbort upload={upload} uploads={uploads} />
        </Group>
      </Group>
      <Bar upload={upload} />
    </li>
  );
}

function UploadText({
  upload: { file, state },
  hrefOf,
}: Pick<UploadRowProps, 'upload' | 'hrefOf'>) {
  if (state.phase === 'failed') {
    const { title, action } = errorHelp(state.problem.code);
    return (
      <Text size="sm" c="var(--mantine-color-error)" role="alert" data-code={state.problem.code}>
        {title}. {action}{' '}
        <Text span size="xs" c="dimmed">
          {state.problem.message}
        </Text>
      </Text>
    );
  }
  if (state.phase === 'accepted') {
    const href = hrefOf(state.documentId);
    return (
      <Text size="sm" c="dimmed">
        You already have this document, so the upload was skipped.{' '}
        {href !== null && <Anchor href={href}>Show it</Anchor>}
      </Text>
    );
  }
  return (
    <Text size="xs" c="dimmed" className="tabular">
      {PHASE_LABELS[state.phase]}
      {state.phase === 'sending' ? ` ${Math.floor(state.percent)} %` : ''} ·{' '}
      {formatBytes(file.size)}
    </Text>
  );
}

const PHASE_LABELS = {
  waiting: 'Waiting for its turn',
  sending: 'Sending',
  accepting: 'Sent, waiting for the server',
  aborted: 'Aborted',
} as const;

function DismissOrAbort({
  upload: { key, file, state },
  uploads,
}: Pick<UploadRowProps, 'upload' | 'uploads'>) {
  const isFinal =
    state.phase === 'failed' || state.phase === 'aborted' || state.phase === 'accepted';
  const label = isFinal ? `Dismiss ${file.name}` : `Abort the upload of ${file.name}`;
  return (
    <Tooltip label={isFinal ? 'Dismiss' : 'Abort'}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => (isFinal ? uploads.dismiss(key) : uploads.abort(key))}
      >
        <IconX size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

function Bar({ upload: { file, state } }: Pick<UploadRowProps, 'upload'>) {
  if (state.phase !== 'sending' && state.phase !== 'accepting') return null;
  const percent = state.phase === 'sending' ? state.percent : 100;
  return (
    <Progress
      value={percent}
      size="sm"
      radius="xl"
      mt={6}
      animated={state.phase === 'accepting'}
      aria-label={`Upload of ${file.name}`}
    />
  );
}
