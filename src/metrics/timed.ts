import { Histogram, type Registry } from 'prom-client';

/** Seconds: from a millisecond to half a minute, the longest that a call may take. */
export const CALL_BUCKETS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
/** Seconds: from what an empty queue takes to what people complain about. */
export const WAIT_BUCKETS = [
  0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400,
];

/**
 * Runs work and writes down how long it took and how it ended, beside what the caller knows of it.
 */
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
