import { ActionIcon, Anchor, Button, Group, Progress, Text, Tooltip } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { cureOf } from '../api/error-help.js';
import { formatBytes } from '../ui/format.js';
import classes from './upload.module.css';
import { isWorthRepeating, type Upload, type Uploads } from './uploads.js';

interface UploadLineProps {
  upload: Upload;
  uploads: Uploads;
  hrefOf: (documentId: string) => string | null;
}

export function UploadLine({ upload, uploads, hrefOf }: UploadLineProps) {
  const { key, file, state } = upload;
  return (
    <li className={classes['line']} data-testid="upload" data-phase={state.phase}>
      <Group justify="space-between" wrap="nowrap" gap="sm" align="start">
        <div className={classes['text']}>
          <Text size="sm" fw={600} className="wrap-anywhere">
            {file.name}
          </Text>
          <Words upload={upload} hrefOf={hrefOf} />
        </div>
        <Group gap={4} wrap="nowrap">
          {isWorthRepeating(state) && (
            <Button size="compact-sm" variant="default" onClick={() => uploads.again(key)}>
              Try again
            </Button>
          )}
          <CloseOrAbort upload={upload} uploads={uploads} />
        </Group>
      </Group>
      <Bar upload={upload} />
    </li>
  );
}

function Words({ upload: { file, state }, hrefOf }: Pick<UploadLineProps, 'upload' | 'hrefOf'>) {
  if (state.phase === 'failed') {
    const { title, cure } = cureOf(state.problem.code);
    return (
      <Text size="sm" c="var(--mantine-color-error)" role="alert" data-code={state.problem.code}>
        {title}. {cure}{' '}
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
        You already have this document, so nothing is done twice.{' '}
        {href !== null && <Anchor href={href}>Show it</Anchor>}
      </Text>
    );
  }
  return (
    <Text size="xs" c="dimmed" className="tabular">
      {wordsOf(state.phase)}
      {state.phase === 'sending' ? ` ${Math.floor(state.percent)} %` : ''} ·{' '}
      {formatBytes(file.size)}
    </Text>
  );
}

const wordsOf = (phase: 'waiting' | 'sending' | 'accepting' | 'aborted') =>
  ({
    waiting: 'Waiting for its turn',
    sending: 'Sending',
    accepting: 'Sent, waiting for the server',
    aborted: 'Aborted',
  })[phase];

function CloseOrAbort({
  upload: { key, file, state },
  uploads,
}: Pick<UploadLineProps, 'upload' | 'uploads'>) {
  const isOver =
    state.phase === 'failed' || state.phase === 'aborted' || state.phase === 'accepted';
  const label = isOver ? `Dismiss ${file.name}` : `Abort the upload of ${file.name}`;
  return (
    <Tooltip label={isOver ? 'Dismiss' : 'Abort'}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={label}
        onClick={() => (isOver ? uploads.dismiss(key) : uploads.abort(key))}
      >
        <IconX size={18} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

function Bar({ upload: { file, state } }: Pick<UploadLineProps, 'upload'>) {
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
