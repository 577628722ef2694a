import { createWorkerSlots, type WorkerSlots } from '../../src/documents/worker-slots.js';
import { readingLoadOf } from '../../src/documents/reading-load.js';

const MIB = 1024 * 1024;
const PDF = { mimeType: 'application/pdf', fileSize: 1_000 };
const LARGE_PDF = { ...PDF, fileSize: 2 * MIB };
const TEXT = { mimeType: 'text/plain', fileSize: 1_000 };

let time = 0;
let places: WorkerSlots;

function start(concurrency: number, readers: number): void {
  time = 0;
  places = createWorkerSlots({ concurrency, readers, now: () => time });
}

describe('the places of a worker process', () => {
  it.each([
    [1, 1, { readers: 1, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 0 }],
    [2, 1, { readers: 1, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 1 }],
    [4, 2, { readers: 2, largeReaders: 1, maxReadingPerUser: 1, reservedSlots: 2 }],
    [256, 8, { readers: 8, largeReaders: 7, maxReadingPerUser: 7, reservedSlots: 2 }],
  ])(
    'of %i and %i readers keep one user below both numbers where there are several',
    (concurrency, readers, expected) => {
      start(concurrency, readers);
      expect(places.limits()).toEqual({ ...expected, users: [] });
    },
  );

  it('give the reader back before the place', () => {
    start(4, 2);
    const place = places.take({ userId: 'alice', ...PDF });
    expect(places.limits()).toMatchObject({
      readers: 1,
      users: [{ userId: 'alice', running: 1, reading: 1 }],
    });
    expect([place.endReading(), place.endReading()]).toEqual([true, false]);
    expect(places.limits()).toMatchObject({
      readers: 2,
      users: [{ userId: 'alice', running: 1, reading: 0 }],
    });
    expect(places.free()).toBe(3);
    place.release();
    expect([places.free(), places.limits().users]).toEqual([4, []]);
  });

  it('give a reader back when reading fails', () => {
    start(4, 2);
    places.take({ userId: 'alice', ...PDF }).release();
    expect(places.limits()).toMatchObject({ readers: 2, users: [] });
  });

  it('take no reader for a short text', () => {
    start(4, 1);
    expect(places.take({ userId: 'alice', ...TEXT }).endReading()).toBe(false);
    expect(places.limits().readers).toBe(1);
  });

  it('never give the last reader to a large file', () => {
    start(4, 2);
    places.take({ userId: 'alice', ...LARGE_PDF });
    expect(places.limits()).toMatchObject({ readers: 1, largeReaders: 0 });
    places.take({ userId: 'bob', ...PDF });
    expect(places.limits()).toMatchObject({ readers: 0, largeReaders: 0 });
  });

  it('are scarce when only reserved ones or no readers are left', () => {
    start(4, 1);
    expect(places.isScarce()).toBe(false);
    const reading = places.take({ userId: 'alice', ...PDF });
    expect(places.isScarce()).toBe(true);
    reading.endReading();
    expect(places.isScarce()).toBe(false);
    places.take({ userId: 'alice', ...TEXT });
    expect(places.isScarce()).toBe(true);
  });
});

describe('reading time', () => {
  const stepsOf = (userId: string) =>
    places.limits().users.find((user) => user.userId === userId)?.readingSteps ?? 0;

  it('counts what is being read and what was, in steps of 10 s', () => {
    start(4, 2);
    const place = places.take({ userId: 'alice', ...PDF });
    time = 9_999;
    expect(stepsOf('alice')).toBe(0);
    time = 25_000;
    expect(stepsOf('alice')).toBe(2);
    place.release();
    expect(stepsOf('alice')).toBe(2);
  });

  it('leaves out the time in which a document is embedded', () => {
    start(4, 2);
    const place = places.take({ userId: 'alice', ...PDF });
    place.endReading();
    time = 60_000;
    place.release();
    expect(stepsOf('alice')).toBe(0);
  });

  it('is forgotten after ten minutes', () => {
    start(4, 2);
    const place = places.take({ userId: 'alice', ...PDF });
    time = 30_000;
    place.release();
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
  ])('of %s with %i bytes is %s', (mimeType, fileSize, load) => {
    expect(readingLoadOf({ mimeType, fileSize })).toBe(load);
  });
});
