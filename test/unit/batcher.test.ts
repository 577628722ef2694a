import { createBatcher, type Batcher } from '../../src/cohere/batcher.js';
import { eventually } from '../support/wait.js';

interface Call {
  texts: string[];
  signal: AbortSignal;
  answer: () => void;
  fail: (error: Error) => void;
}

const POISON = 'poison';
const refused = new Error('refused because of its content');

/** Results are texts in capitals. With `held` calls wait to be answered by hand. */
function createLab({
  held = false,
  maxTexts = 4,
  maxCalls = 8,
  quietMs = 10,
  idleMs = 0,
  patienceMs = 0,
  pendingRequests = (): number => 0,
} = {}) {
  const calls: Call[] = [];
  const paced: { texts: number; go: () => void }[] = [];
  const lab = { held, holdPace: false, calls, paced, texts: () => calls.map((call) => call.texts) };
  const batcher: Batcher<string> = createBatcher<string>({
    maxTexts,
    maxCalls,
    quietMs,
    idleMs,
    patienceMs,
    pendingRequests,
    isContentRefused: (error) => error === refused,
    pace: (texts) => {
      const turn = Promise.withResolvers<void>();
      paced.push({ texts, go: turn.resolve });
      if (!lab.holdPace) turn.resolve();
      return turn.promise;
    },
    send: (texts, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      const answer = () =>
        texts.includes(POISON) ? reject(refused) : resolve(texts.map((text) => text.toUpperCase()));
      calls.push({ texts, signal, answer, fail: reject });
      if (!lab.held) answer();
      return promise;
    },
  });
  return { ...lab, lab, batcher };
}

test('texts of many requests share a call, and each request gets its own results in order', async () => {
  const { batcher, texts } = createLab();
  const results = await Promise.all([
    batcher.submit(['a', 'b']),
    batcher.submit(['c']),
    batcher.submit(['d']),
  ]);
  expect(results).toEqual([['A', 'B'], ['C'], ['D']]);
  expect(texts()).toEqual([['a', 'b', 'c', 'd']]);
});

test('a request larger than a call is cut, and put together again', async () => {
  const { batcher, texts } = createLab();
  const all = Array.from({ length: 10 }, (_, index) => `t${index}`);
  expect(await batcher.submit(all)).toEqual(all.map((text) => text.toUpperCase()));
  expect(texts().map((call) => call.length)).toEqual([4, 4, 2]);
});

test('a text leaves at once when no call is under way', async () => {
  const { batcher } = createLab({ quietMs: 60_000 });
  expect(await batcher.submit(['a'])).toEqual(['A']);
});

test('while a call is under way texts gather until nothing more comes', async () => {
  const { batcher, calls, texts } = createLab({ held: true });
  const first = batcher.submit(['a']);
  await eventually(() => calls.length === 1);
  const more = Promise.all([batcher.submit(['b']), batcher.submit(['c'])]);
  await eventually(() => calls.length === 2);
  expect(texts()).toEqual([['a'], ['b', 'c']]);
  for (const call of calls) call.answer();
  await Promise.all([first, more]);
});

test('texts that come one after the other share the first call', async () => {
  const { batcher, texts } = createLab({ idleMs: 50 });
  const first = batcher.submit(['a']);
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.all([first, batcher.submit(['b'])]);
  expect(texts()).toEqual([['a', 'b']]);
});

test('in a crowd what does not fill a call waits for what the full one brings', async () => {
  const { batcher, calls, texts } = createLab({ held: true, quietMs: 1, patienceMs: 60_000 });
  const work = [batcher.submit(['a', 'b', 'c', 'd']), batcher.submit(['e'])];
  await eventually(() => calls.length === 1);
  calls[0]?.answer();
  await work[0];
  work.push(batcher.submit(['f', 'g', 'h']));
  await eventually(() => calls.length === 2);
  expect(texts()).toEqual([
    ['a', 'b', 'c', 'd'],
    ['e', 'f', 'g', 'h'],
  ]);
  calls[1]?.answer();
  await Promise.all(work);
});

test('in a crowd nobody waits for longer than is patient', async () => {
  const { batcher, calls, texts } = createLab({ held: true, quietMs: 1, patienceMs: 30 });
  const work = [batcher.submit(['a', 'b', 'c', 'd']), batcher.submit(['e'])];
  await eventually(() => calls.length === 2);
  expect(texts()[1]).toEqual(['e']);
  for (const call of calls) call.answer();
  await Promise.all(work);
});

test('what those that follow can fill waits for them, until there are too few of them', async () => {
  let running = 2;
  let looks = 0;
  const pendingRequests = () => {
    looks += 1;
    return running;
  };
  const { batcher, texts } = createLab({ quietMs: 1, pendingRequests });
  const first = batcher.submit(['a', 'b']);
  await eventually(() => looks > 3);
  expect(texts()).toEqual([]);
  await Promise.all([first, batcher.submit(['c', 'd'])]);
  const last = batcher.submit(['e']);
  running = 1;
  await last;
  expect(texts()).toEqual([['a', 'b', 'c', 'd'], ['e']]);
});

test('a text leaves at once when those that follow cannot fill its call', async () => {
  const { batcher } = createLab({ quietMs: 60_000, pendingRequests: () => 3 });
  expect(await batcher.submit(['a'])).toEqual(['A']);
});

test('a call that is full leaves whatever is under way', async () => {
  const { batcher, calls, texts } = createLab({ held: true, quietMs: 60_000 });
  const work = [batcher.submit(['a'])];
  await eventually(() => calls.length === 1);
  work.push(batcher.submit(['b', 'c', 'd', 'e', 'f']));
  await eventually(() => calls.length === 2);
  expect(texts()).toEqual([['a'], ['b', 'c', 'd', 'e']]);
  calls[0]?.answer();
  calls[1]?.answer();
  await eventually(() => calls.length === 3);
  calls[2]?.answer();
  await Promise.all(work);
});

test('so many calls are under way at most', async () => {
  const { batcher, calls } = createLab({ held: true, maxCalls: 2, maxTexts: 1 });
  const work = batcher.submit(['a', 'b', 'c']);
  await eventually(() => calls.length === 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toHaveLength(2);
  calls[0]?.answer();
  await eventually(() => calls.length === 3);
  for (const call of calls) call.answer();
  expect(await work).toEqual(['A', 'B', 'C']);
});

test('a call that waits for its turn goes on filling, and pays for what came', async () => {
  const { lab, batcher, paced, texts } = createLab();
  lab.holdPace = true;
  const first = batcher.submit(['a']);
  await eventually(() => paced.length === 1);
  const more = batcher.submit(['b', 'c']);
  paced[0]?.go();
  await eventually(() => paced.length === 2);
  paced[1]?.go();
  await Promise.all([first, more]);
  expect(paced.map((turn) => turn.texts)).toEqual([1, 2]);
  expect(texts()).toEqual([['a', 'b', 'c']]);
});

test('one refused text fails its own request, and no other', async () => {
  const { batcher } = createLab({ maxTexts: 8 });
  const requests = ['a', 'b', POISON, 'c', 'd', 'e'].map((text) =>
    batcher.submit([text]).catch((error: unknown) => error),
  );
  expect(await Promise.all(requests)).toEqual([['A'], ['B'], refused, ['C'], ['D'], ['E']]);
});

test('what is sent again pays again', async () => {
  const { batcher, paced, texts } = createLab();
  await Promise.all([batcher.submit(['a']), batcher.submit([POISON]).catch(() => undefined)]);
  expect(paced.map((turn) => turn.texts)).toEqual([2, 1, 1]);
  expect(texts()).toEqual([['a', POISON], ['a'], [POISON]]);
});

test('any other failure is that of all requests of the call, and of no other call', async () => {
  const { batcher, calls } = createLab({ held: true, maxTexts: 2 });
  const work = ['a', 'b', 'c', 'd'].map((text) =>
    batcher.submit([text]).catch((error: unknown) => error),
  );
  await eventually(() => calls.length === 2);
  const down = new Error('down');
  calls[0]?.fail(down);
  calls[1]?.answer();
  expect(await Promise.all(work)).toEqual([down, down, ['C'], ['D']]);
});

test('who leaves before the call takes nothing along', async () => {
  const { batcher, texts } = createLab();
  const controller = new AbortController();
  const left = batcher
    .submit(['left'], { signal: controller.signal })
    .catch((error: unknown) => error);
  const stays = batcher.submit(['stays']);
  controller.abort('cancelled');
  expect(await left).toBe('cancelled');
  expect(await stays).toEqual(['STAYS']);
  expect(texts()).toEqual([['stays']]);
});

test('who leaves in the middle gets the reason at once; the call ends only when nobody waits for it', async () => {
  const { batcher, calls } = createLab({ held: true });
  const [one, two] = [new AbortController(), new AbortController()];
  const work = [one, two].map(({ signal }, index) =>
    batcher.submit([`t${index}`], { signal }).catch((error: unknown) => error),
  );
  await eventually(() => calls.length === 1);
  one.abort('first');
  expect(await work[0]).toBe('first');
  expect(calls[0]?.signal.aborted).toBe(false);
  two.abort('second');
  expect(await work[1]).toBe('second');
  expect(calls[0]?.signal.aborted).toBe(true);
});

test('who leaves while the call waits for its turn is not sent, and the next one is', async () => {
  const { lab, batcher, paced, texts } = createLab();
  lab.holdPace = true;
  const controller = new AbortController();
  const left = batcher
    .submit(['left'], { signal: controller.signal })
    .catch((error: unknown) => error);
  await eventually(() => paced.length === 1);
  controller.abort('cancelled');
  lab.holdPace = false;
  paced[0]?.go();
  expect(await left).toBe('cancelled');
  expect(await batcher.submit(['next'])).toEqual(['NEXT']);
  expect(texts()).toEqual([['next']]);
});

test('stopping rejects what waits and what is under way', async () => {
  const { batcher, calls } = createLab({ held: true, maxTexts: 1, maxCalls: 1 });
  const work = ['a', 'b'].map((text) => batcher.submit([text]).catch((error: unknown) => error));
  await eventually(() => calls.length === 1);
  const stopped = new Error('stopped');
  batcher.stop(stopped);
  expect(await Promise.all(work)).toEqual([stopped, stopped]);
  expect(calls[0]?.signal.aborted).toBe(true);
});

test('no texts are answered without a call', async () => {
  const { batcher, calls } = createLab();
  expect(await batcher.submit([])).toEqual([]);
  expect(calls).toEqual([]);
});

test('a call is filled in turn over the users, then over the documents', async () => {
  const { batcher, calls, texts } = createLab({ held: true, maxTexts: 2, maxCalls: 1 });
  const submit = (userId: string, documentId: string, ...wanted: string[]) =>
    batcher.submit(wanted, { owner: { userId, documentId } });
  const work = [submit('a', 'large', 'l1', 'l2', 'l3', 'l4', 'l5', 'l6')];
  await eventually(() => calls.length === 1);
  work.push(
    submit('a', 'large', 'l7', 'l8'),
    submit('a', 'small', 's'),
    submit('b', 'one', 'b'),
    submit('c', 'one', 'c'),
  );
  for (let call = 0; call < 6; call += 1) {
    await eventually(() => calls.length > call);
    calls[call]?.answer();
  }
  await Promise.all(work);
  expect(texts()).toEqual([
    ['l1', 'l2'],
    ['l3', 'l4'],
    ['b', 'c'],
    ['s', 'l5'],
    ['l6', 'l7'],
    ['l8'],
  ]);
});
