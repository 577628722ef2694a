/**
 * The places of one worker process: for documents that it works on, and, fewer, for those among
 * them that have a reader. A document takes both when it is claimed and gives its reader back when
 * it has been read, so nothing that holds a place waits for a reader.
 *
 * No user, nor two together, can take all places: the last ones are left to users of whom nothing
 * runs here. One reader never reads a large file, so that a small one waits for small ones at most.
 */
import type { Document } from './document.js';
import type { ClaimLimits } from './ports.js';
import { readingLoadOf, type ReadingLoad } from './reading-load.js';
import { createReadingTime } from './reading-time.js';

/** Two users at work leave one of them to a third. */
const RESERVED_PLACES = 2;

export interface Place {
  /**
   * The document has been read: another one may be. True for a document that had a reader until
   * now.
   */
  endReading(): boolean;
  release(): void;
}

export interface Places {
  take(document: Pick<Document, 'userId' | 'mimeType' | 'fileSize'>): Place;
  free(): number;
  /** Something that waits may have to go on waiting although a place is free. */
  isScarce(): boolean;
  limits(): ClaimLimits;
}

interface Holder {
  userId: string;
  load: ReadingLoad;
  /** Null once it has been read. */
  readingSince: number | null;
}

interface Options {
  concurrency: number;
  readers: number;
  now?: () => number;
}

export function createPlaces({
  concurrency,
  readers,
  now = () => performance.now(),
}: Options): Places {
  const holders = new Set<Holder>();
  const readingTime = createReadingTime(now);
  const reservedPlaces = Math.min(RESERVED_PLACES, concurrency - 1);
  const allButOneReader = Math.max(1, readers - 1);

  const free = () => concurrency - holders.size;
  const countReading = (load?: ReadingLoad) =>
    [...holders].filter(
      (holder) => holder.readingSince !== null && (load === undefined || holder.load === load),
    ).length;
  const freeReaders = () => Math.max(0, readers - countReading());

  function users(): ClaimLimits['users'] {
    const [running, reading, current] = [
      new Map<string, number>(),
      new Map<string, number>(),
      new Map<string, number>(),
    ];
    for (const { userId, readingSince } of holders) {
      add(running, userId, 1);
      if (readingSince === null) continue;
      add(reading, userId, 1);
      add(current, userId, now() - readingSince);
    }
    const steps = readingTime.steps(current);
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
    take({ userId, ...file }) {
      const load = readingLoadOf(file);
      const holder: Holder = { userId, load, readingSince: load === 'NONE' ? null : now() };
      holders.add(holder);
      return {
        endReading: () => endReading(holder),
        release() {
          endReading(holder);
          holders.delete(holder);
        },
      };
    },
    free,
    isScarce: () => free() <= reservedPlaces || freeReaders() === 0,
    limits: () => ({
      readers: freeReaders(),
      largeReaders: Math.max(0, Math.min(freeReaders(), allButOneReader - countReading('LARGE'))),
      maxReadingPerUser: allButOneReader,
      reservedPlaces,
      users: users(),
    }),
  };
}

function add(counts: Map<string, number>, userId: string, by: number): void {
  counts.set(userId, (counts.get(userId) ?? 0) + by);
}
