import { Histogram, type Registry } from 'prom-client';

/** Seconds, from 1 ms to the longest time that a call may take. */
export const CALL_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
/** Seconds, from the time that an empty queue takes to one that users complain about. */
export const WAIT_BUCKETS = [
  0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400,
];

/** Runs work and records its duration with the given labels and its outcome, done or failed. */
export interface Timed<Label extends string> {
  <Result>(labels: Record<Label, string>, work: () => Promise<Result>): Promise<Result>;
}

interface Options<Label extends string> {
  name: string;
  help: string;
  labelNames: readonly Label[];
}

export function createTimed<Label extends string>(
  registry: Registry,
  { name, help, labelNames }: Options<Label>,
): Timed<Label> {
  const histogram = new Histogram<string>({
    name,
    help,
    labelNames: [...labelNames, 'outcome'],
    buckets: CALL_BUCKETS,
    registers: [registry],
  });
  return async (labels, work) => {
    const end = histogram.startTimer(labels);
    try {
      const result = await work();
      end({ outcome: 'done' });
      return result;
    } catch (error) {
      end({ outcome: 'failed' });
      throw error;
    }
  };
}
