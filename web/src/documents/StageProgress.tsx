import { Group, Progress, Text } from '@mantine/core';
import { isTerminal, type DocumentRow } from './document-row.js';
import { formatAgo } from './format.js';

function stageOf({ status, done, total, percent, nextAttemptAt, scheduledFor, queuePosition }: DocumentRow, nowMs: number): string {
  if (status === 'PENDING' && nextAttemptAt !== null) return `Next try ${inTime(nextAttemptAt, nowMs)}`;
  if (status === 'PENDING' && scheduledFor !== null && Date.parse(scheduledFor) > nowMs) return `Scheduled, starts ${inTime(scheduledFor, nowMs)}`;
  if (status === 'PENDING') return queuePosition === null ? 'Waiting for a worker' : waitingBehind(queuePosition);
  if (status === 'EXTRACTING') return 'Reading the text';
  if (done !== null && total !== null) return `${done.toLocaleString('en')} of ${total.toLocaleString('en')} passages stored`;
  return status === 'PROCESSING' ? `${Math.round(percent)} % done` : 'Storing passages';
}

const waitingBehind = (ahead: number) => (ahead === 0 ? 'Next in line' : `${ahead.toLocaleString('en')} ahead in line`);

function inTime(iso: string, nowMs: number): string {
  const seconds = Math.ceil((Date.parse(iso) - nowMs) / 1000);
  if (seconds <= 0) return 'any moment';
  return seconds < 90 ? `in ${seconds} s` : formatAgo(iso, nowMs);
}

export function StageProgress({ row, nowMs }: { row: DocumentRow; nowMs: number }) {
  if (isTerminal(row.status)) return null;
  const isWaiting = row.status === 'PENDING';
  const isUnmeasured = row.status === 'EXTRACTING';
  return (
    <div>
      <Progress.Root size="sm" radius="xl">
        <Progress.Section
          value={isUnmeasured ? 100 : row.percent}
          animated={isUnmeasured}
          striped={isUnmeasured}
          color={isWaiting ? 'gray' : 'tide'}
          aria-label={`Progress of ${row.filename ?? row.id}`}
          aria-valuenow={Math.round(row.percent)}
        />
      </Progress.Root>
      <Group justify="space-between" mt={6} gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" className="tabular">
          {stageOf(row, nowMs)}
        </Text>
        {!isWaiting && !isUnmeasured && (
          <Text size="xs" c="dimmed" className="tabular">
            {Math.round(row.percent)} %
          </Text>
        )}
      </Group>
    </div>
  );
}
