/**
 * The slots of one worker process, and its readers, of which there are fewer. A claimed document
 * occupies a slot and, if its file needs one, a reader. It frees the reader once its text is
 * extracted, so no document in a slot waits for a reader.
 *
 * No user, and no two users together, can occupy all slots: the last ones are reserved for users
 * who have nothing running in this process. One reader never reads a large file, so a small file
 * waits for small files at most.
 */
import type { Document } from './document.js';
import type { ClaimLimits } from './ports.js';
import { readingLoadOf, type ReadingLoad } from './reading-load.js';
import { createReadingTime } from './reading-time.js';

/** When two users occupy all other slots, these are left for a third. */
const RESERVED_SLOTS = 2;

/** The slot of one document. */
export interface Slot {
  /** Frees the reader. Returns whether the document occupied one until now. */
  endReading(): boolean;
  release(): void;
}

export interface WorkerSlots {
  take(document: Pick<Document, 'userId' | 'mimeType' | 'fileSize'>): Slot;
  /** Returns the number of free slots. */
  free(): number;
  /** Returns whether a waiting document may not be claimable although a slot is free. */
  isScarce(): boolean;
  /** Returns the limits of the next claim. */
  limits(): ClaimLimits;
}

interface Holder {
  userId: string;
  load: ReadingLoad;
  /** Null if the document occupies no reader. */
  readingSince: number | null;
}

interface Options {
  concurrency: number;
  readers: number;
  /** Milliseconds. */
  now?: () => number;
}

export function createWorkerSlots({
  concurrency,
  readers,
  now = () => performance.now(),
}: Options): WorkerSlots {
  const holders = new Set<Holder>();
  const readingTime = createReadingTime(now);
  const reservedSlots = Math.min(RESERVED_SLOTS, concurrency - 1);
  const allButOneReader = Math.max(1, readers - 1);

  function free(): number {
    return concurrency - holders.size;
  }

  function countReading(load?: ReadingLoad): number {
    return [...holders].filter(
      (holder) => holder.readingSince !== null && (load === undefined || holder.load === load),
    ).length;
  }

  function freeReaders(): number {
    return Math.max(0, readers - countReading());
  }

  function users(): ClaimLimits['users'] {
    const running = new Map<string, number>();
    const reading = new Map<string, number>();
    const currentMs = new Map<string, number>();
    for (const { userId, readingSince } of holders) {
      increase(running, userId, 1);
      if (readingSince === null) continue;
      increase(reading, userId, 1);
      increase(currentMs, userId, now() - readingSince);
    }
    const steps = readingTime.steps(currentMs);
    return [...new Set([...running.keys(), ...steps.keys()])].map((userId) => ({
      userId,
      running: running.get(userId) ?? 0,
      reading: reading.get(userId) ?? 0,
      readingSteps: steps.get(userId) ?? 0,
    }));
  }

  function endReading(holder: Holder): boolean {
    if (holder.readingSince === null) return false;
    readingTime.add(holder.userId, now() - holder.readingSince);
    holder.readingSince = null;
    return true;
  }

  return {
    take: ({ userId, ...file }) => {
      const load = readingLoadOf(file);
      const holder: Holder = { userId, load, readingSince: load === 'NONE' ? null : now() };
      holders.add(holder);
      return {
        endReading: () => endReading(holder),
        release: () => {
          endReading(holder);
          holders.delete(holder);
        },
      };
    },
    free,
    isScarce: () => free() <= reservedSlots || freeReaders() === 0,
    limits: () => ({
      readers: freeReaders(),
      largeReaders: Math.max(0, Math.min(freeReaders(), allButOneReader - countReading('LARGE'))),
      maxReadingPerUser: allButOneReader,
      reservedSlots,
      users: users(),
    }),
  };
}

function increase(totals: Map<string, number>, userId: string, by: number): void {
  totals.set(userId, (totals.get(userId) ?? 0) + by);
}
