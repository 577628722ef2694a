import { createWorkerSlots, type WorkerSlots } from '../../src/documents/worker-slots.js';
import { readingLoadOf } from '../../src/documents/reading-load.js';

const MIB = 1024 * 1024;
const PDF = { mimeType: 'application/pdf', fileSize: 1_000 };
const LARGE_PDF = { ...PDF, fileSize: 2 * MIB };
const TEXT = { mimeType: 'text/plain', fileSize: 1_000 };

let time = 0;
let slots: WorkerSlots;

function start(concurrency: number, readers: number): void {
  time = 0;
  slots = createWorkerSlots({ concurrency, readers, now: () => time });
}

describe('the slots of a worker process', () => {
  it.each([
    [1, 1, { readers: 1, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 0 }],
    [2, 1, { readers: 1, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 1 }],
    [4, 2, { readers: 2, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 2 }],
    [256, 8, { readers: 8, largeReaders: 7, maxReadingPerUser: 7, reservedSlots: 2 }],
  ])(
    'keep one user below %i slots and %i readers if there are several',
    (concurrency, readers, expected) => {
      start(concurrency, readers);
      expect(slots.limits()).toEqual({ ...expected, users: [] });
    },
  );

  it('free the reader before the slot', () => {
    start(4, 2);
    const slot = slots.take({ userId: 'alice', ...PDF });
    expect(slots.limits()).toMatchObject({
      readers: 1,
      users: [{ userId: 'alice', running: 1, reading: 1 }],
    });
    expect([slot.endReading(), slot.endReading()]).toEqual([true, false]);
    expect(slots.limits()).toMatchObject({
      readers: 2,
      users: [{ userId: 'alice', running: 1, reading: 0 }],
    });
    expect(slots.free()).toBe(3);
    slot.release();
    expect([slots.free(), slots.limits().users]).toEqual([4, []]);
  });

  it('free the reader when reading fails', () => {
    start(4, 2);
    slots.take({ userId: 'alice', ...PDF }).release();
    expect(slots.limits()).toMatchObject({ readers: 2, users: [] });
  });

  it('occupy no reader for a short text', () => {
    start(4, 1);
    expect(slots.take({ userId: 'alice', ...TEXT }).endReading()).toBe(false);
    expect(slots.limits().readers).toBe(1);
  });

  it('never assign the last reader to a large file', () => {
    start(4, 2);
    slots.take({ userId: 'alice', ...LARGE_PDF });
    expect(slots.limits()).toMatchObject({ readers: 1, largeReaders: 0 });
    slots.take({ userId: 'bob', ...PDF });
    expect(slots.limits()).toMatchObject({ readers: 0, largeReaders: 0 });
  });

  it('are scarce when only reserved slots or no readers are free', () => {
    start(4, 1);
    expect(slots.isScarce()).toBe(false);
    const reading = slots.take({ userId: 'alice', ...PDF });
    expect(slots.isScarce()).toBe(true);
    reading.endReading();
    expect(slots.isScarce()).toBe(false);
    slots.take({ userId: 'alice', ...TEXT });
    expect(slots.isScarce()).toBe(true);
  });
});

describe('reading time', () => {
  const stepsOf = (userId: string) =>
    slots.limits().users.find((user) => user.userId === userId)?.readingSteps ?? 0;

  it('counts current and finished reading in steps of 10 s', () => {
    start(4, 2);
    const slot = slots.take({ userId: 'alice', ...PDF });
    time = 9_999;
    expect(stepsOf('alice')).toBe(0);
    time = 25_000;
    expect(stepsOf('alice')).toBe(2);
    slot.release();
    expect(stepsOf('alice')).toBe(2);
  });

  it('excludes the time in which a document is embedded', () => {
    start(4, 2);
    const slot = slots.take({ userId: 'alice', ...PDF });
    slot.endReading();
    time = 60_000;
    slot.release();
    expect(stepsOf('alice')).toBe(0);
  });

  it('expires after ten minutes', () => {
    start(4, 2);
    const slot = slots.take({ userId: 'alice', ...PDF });
    time = 30_000;
    slot.release();
    time = 9 * 60_000;
    expect(stepsOf('alice')).toBe(3);
    time = 11 * 60_000;
    expect(stepsOf('alice')).toBe(0);
  });
});

describe('the load of reading a file', () => {
  it.each([
    ['text/plain', 32 * 1024, 'NONE'],
    ['application/json', 1, 'NONE'],
    ['text/csv', 32 * 1024 + 1, 'SMALL'],
    ['text/html', 1, 'SMALL'],
    ['application/pdf', MIB, 'SMALL'],
    ['application/pdf', MIB + 1, 'LARGE'],
    ['text/plain', 2 * MIB, 'LARGE'],
  ])('is, for %s with %i bytes, %s', (mimeType, fileSize, load) => {
    expect(readingLoadOf({ mimeType, fileSize })).toBe(load);
  });
});
