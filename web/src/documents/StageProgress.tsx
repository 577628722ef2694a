import { Group, Progress, Text } from '@mantine/core';
import { formatAgo } from '../ui/format.js';
import { isRunning, isTerminal, type DocumentRow } from './document-row.js';

function describeStage(
  { status, done, total, percent, nextAttemptAt, scheduledFor, queuePosition }: DocumentRow,
  nowMs: number,
): string {
  if (status === 'PENDING' && nextAttemptAt !== null)
    return `Next attempt ${formatUntil(nextAttemptAt, nowMs)}`;
  if (status === 'PENDING' && scheduledFor !== null && Date.parse(scheduledFor) > nowMs)
    return `Scheduled, starts ${formatUntil(scheduledFor, nowMs)}`;
  if (status === 'PENDING')
    return queuePosition === null ? 'Waiting for a worker' : describePosition(queuePosition);
  if (status === 'EXTRACTING') return 'Reading the text';
  if (done !== null && total !== null)
    return `${done.toLocaleString('en')} of ${total.toLocaleString('en')} passages stored`;
  return status === 'PROCESSING' ? `${Math.round(percent)} % done` : 'Storing passages';
}

const describePosition = (ahead: number) =>
  ahead === 0 ? 'Next in the queue' : `${ahead.toLocaleString('en')} ahead in the queue`;

function formatUntil(iso: string, nowMs: number): string {
  const seconds = Math.ceil((Date.parse(iso) - nowMs) / 1000);
  if (seconds <= 0) return 'in a moment';
  return seconds < 90 ? `in ${seconds} s` : formatAgo(iso, nowMs);
}

export function StageProgress({ row, nowMs }: { row: DocumentRow; nowMs: number }) {
  if (isTerminal(row.status)) return null;
  const isMeasured = row.status === 'VECTORIZING' || row.status === 'PROCESSING';
  return (
    <div>
      {isRunning(row.status) && <Bar row={row} isMeasured={isMeasured} />}
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" className="tabular" data-testid="stage">
          {describeStage(row, nowMs)}
        </Text>
        {isMeasured && (
          <Text size="xs" c="dimmed" className="tabular">
            {Math.round(row.percent)} %
          </Text>
        )}
      </Group>
    </div>
  );
}

/** Shows an animated bar without a value while the text is read: the progress is then unknown. */
function Bar({ row, isMeasured }: { row: DocumentRow; isMeasured: boolean }) {
  const label = `Progress of ${row.filename ?? row.id}`;
  return (
    <Progress.Root size="sm" radius="xl" mb={6}>
      {isMeasured ? (
        <Progress.Section value={Math.round(row.percent)} color="tide.6" aria-label={label} />
      ) : (
        <Progress.Section
          value={100}
          color="tide.4"
          animated
          withAria={false}
          role="progressbar"
          aria-label={label}
          aria-valuetext="Reading the text"
        />
      )}
    </Progress.Root>
  );
}
