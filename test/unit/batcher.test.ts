import { createBatcher, type Batcher } from '../../src/cohere/batcher.js';
import { systemClock } from '../../src/runtime/clock.js';
import { createManualClock } from '../support/manual-clock.js';
import { eventually } from '../support/wait.js';

interface Call {
  texts: string[];
  signal: AbortSignal;
  respond: () => void;
  fail: (error: Error) => void;
}

const POISON = 'poison';
const refused = new Error('refused because of its content');

/** Results are texts in capitals. With `held`, a test responds to each call itself. */
function createHarness({
  held = false,
  maxTexts = 4,
  maxCalls = 8,
  lingerMs = 10,
  idleLingerMs = 0,
  maxLingerMs = 0,
  pendingRequests = (): number => 0,
  clock = systemClock,
} = {}) {
  const calls: Call[] = [];
  const acquired: { texts: number; admit: () => void }[] = [];
  const harness = {
    held,
    holdTokens: false,
    calls,
    acquired,
    texts: () => calls.map((call) => call.texts),
  };
  const batcher: Batcher<string> = createBatcher<string>({
    maxTexts,
    maxCalls,
    lingerMs,
    idleLingerMs,
    maxLingerMs,
    pendingRequests,
    clock,
    isContentRefused: (error) => error === refused,
    acquireTokens: (texts) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      acquired.push({ texts, admit: resolve });
      if (!harness.holdTokens) resolve();
      return promise;
    },
    send: (texts, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      const respond = () =>
        texts.includes(POISON) ? reject(refused) : resolve(texts.map((text) => text.toUpperCase()));
      calls.push({ texts, signal, respond, fail: reject });
      if (!harness.held) respond();
      return promise;
    },
  });
  return { ...harness, harness, batcher };
}

test('shares a call among requests, and returns the results of each request in order', async () => {
  const { batcher, texts } = createHarness();
  const results = await Promise.all([
    batcher.submit(['a', 'b']),
    batcher.submit(['c']),
    batcher.submit(['d']),
  ]);
  expect(results).toEqual([['A', 'B'], ['C'], ['D']]);
  expect(texts()).toEqual([['a', 'b', 'c', 'd']]);
});

test('splits a request that is larger than a call, and joins its results', async () => {
  const { batcher, texts } = createHarness();
  const all = Array.from({ length: 10 }, (_, index) => `t${index}`);
  expect(await batcher.submit(all)).toEqual(all.map((text) => text.toUpperCase()));
  expect(texts().map((call) => call.length)).toEqual([4, 4, 2]);
});

test('sends a text at once if no call is in flight', async () => {
  const { batcher } = createHarness({ lingerMs: 60_000 });
  expect(await batcher.submit(['a'])).toEqual(['A']);
});

test('collects texts while a call is in flight until no more arrive', async () => {
  const { batcher, calls, texts } = createHarness({ held: true });
  const first = batcher.submit(['a']);
  await eventually(() => calls.length === 1);
  const more = Promise.all([batcher.submit(['b']), batcher.submit(['c'])]);
  await eventually(() => calls.length === 2);
  expect(texts()).toEqual([['a'], ['b', 'c']]);
  for (const call of calls) call.respond();
  await Promise.all([first, more]);
});

test('shares the first call among texts that arrive one after the other', async () => {
  const clock = createManualClock();
  const { batcher, texts } = createHarness({ idleLingerMs: 50, clock });
  const first = batcher.submit(['a']);
  clock.advance(49);
  const second = batcher.submit(['b']);
  clock.advance(50);
  await Promise.all([first, second]);
  expect(texts()).toEqual([['a', 'b']]);
});

test('waits under high load for texts that fill the call', async () => {
  const { batcher, calls, texts } = createHarness({ held: true, lingerMs: 1, maxLingerMs: 60_000 });
  const work = [batcher.submit(['a', 'b', 'c', 'd']), batcher.submit(['e'])];
  await eventually(() => calls.length === 1);
  calls[0]?.respond();
  await work[0];
  work.push(batcher.submit(['f', 'g', 'h']));
  await eventually(() => calls.length === 2);
  expect(texts()).toEqual([
    ['a', 'b', 'c', 'd'],
    ['e', 'f', 'g', 'h'],
  ]);
  calls[1]?.respond();
  await Promise.all(work);
});

test('waits no longer than maxLingerMs under high load', async () => {
  const clock = createManualClock();
  const { batcher, calls, texts } = createHarness({ held: true, maxLingerMs: 800, clock });
  const work = [batcher.submit(['a', 'b', 'c', 'd']), batcher.submit(['e'])];
  await eventually(() => calls.length === 1);
  clock.advance(799);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toHaveLength(1);
  clock.advance(1);
  await eventually(() => calls.length === 2);
  expect(texts()[1]).toEqual(['e']);
  for (const call of calls) call.respond();
  await Promise.all(work);
});

test('waits for pending requests as long as they can fill the call', async () => {
  let running = 2;
  let checks = 0;
  const pendingRequests = () => {
    checks += 1;
    return running;
  };
  const { batcher, texts } = createHarness({ lingerMs: 1, pendingRequests });
  const first = batcher.submit(['a', 'b']);
  await eventually(() => checks > 3);
  expect(texts()).toEqual([]);
  await Promise.all([first, batcher.submit(['c', 'd'])]);
  const last = batcher.submit(['e']);
  running = 1;
  await last;
  expect(texts()).toEqual([['a', 'b', 'c', 'd'], ['e']]);
});

test('sends a text at once if pending requests cannot fill its call', async () => {
  const { batcher } = createHarness({ lingerMs: 60_000, pendingRequests: () => 3 });
  expect(await batcher.submit(['a'])).toEqual(['A']);
});

test('sends a full call at once, whatever is in flight', async () => {
  const { batcher, calls, texts } = createHarness({ held: true, lingerMs: 60_000 });
  const work = [batcher.submit(['a'])];
  await eventually(() => calls.length === 1);
  work.push(batcher.submit(['b', 'c', 'd', 'e', 'f']));
  await eventually(() => calls.length === 2);
  expect(texts()).toEqual([['a'], ['b', 'c', 'd', 'e']]);
  calls[0]?.respond();
  calls[1]?.respond();
  await eventually(() => calls.length === 3);
  calls[2]?.respond();
  await Promise.all(work);
});

test('keeps at most maxCalls in flight', async () => {
  const { batcher, calls } = createHarness({ held: true, maxCalls: 2, maxTexts: 1 });
  const work = batcher.submit(['a', 'b', 'c']);
  await eventually(() => calls.length === 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(calls).toHaveLength(2);
  calls[0]?.respond();
  await eventually(() => calls.length === 3);
  for (const call of calls) call.respond();
  expect(await work).toEqual(['A', 'B', 'C']);
});

test('fills a call while it acquires tokens, and acquires tokens for the new texts', async () => {
  const { harness, batcher, acquired, texts } = createHarness();
  harness.holdTokens = true;
  const first = batcher.submit(['a']);
  await eventually(() => acquired.length === 1);
  const more = batcher.submit(['b', 'c']);
  acquired[0]?.admit();
  await eventually(() => acquired.length === 2);
  acquired[1]?.admit();
  await Promise.all([first, more]);
  expect(acquired.map((each) => each.texts)).toEqual([1, 2]);
  expect(texts()).toEqual([['a', 'b', 'c']]);
});

test('fails only the request of a refused text', async () => {
  const { batcher } = createHarness({ maxTexts: 8 });
  const requests = ['a', 'b', POISON, 'c', 'd', 'e'].map((text) =>
    batcher.submit([text]).catch((error: unknown) => error),
  );
  expect(await Promise.all(requests)).toEqual([['A'], ['B'], refused, ['C'], ['D'], ['E']]);
});

test('acquires tokens again for repeated texts', async () => {
  const { batcher, acquired, texts } = createHarness();
  await Promise.all([batcher.submit(['a']), batcher.submit([POISON]).catch(() => undefined)]);
  expect(acquired.map((each) => each.texts)).toEqual([2, 1, 1]);
  expect(texts()).toEqual([['a', POISON], ['a'], [POISON]]);
});

test('fails all requests of a failed call, and of no other call', async () => {
  const { batcher, calls } = createHarness({ held: true, maxTexts: 2 });
  const work = ['a', 'b', 'c', 'd'].map((text) =>
    batcher.submit([text]).catch((error: unknown) => error),
  );
  await eventually(() => calls.length === 2);
  const down = new Error('down');
  calls[0]?.fail(down);
  calls[1]?.respond();
  expect(await Promise.all(work)).toEqual([down, down, ['C'], ['D']]);
});

test('drops the texts of a request that is cancelled before the call', async () => {
  const { batcher, texts } = createHarness();
  const controller = new AbortController();
  const cancelled = batcher
    .submit(['cancelled'], { signal: controller.signal })
    .catch((error: unknown) => error);
  const stays = batcher.submit(['stays']);
  controller.abort('cancelled');
  expect(await cancelled).toBe('cancelled');
  expect(await stays).toEqual(['STAYS']);
  expect(texts()).toEqual([['stays']]);
});

test('rejects a cancelled request at once, and aborts the call when no request waits for it', async () => {
  const { batcher, calls } = createHarness({ held: true });
  const one = new AbortController();
  const two = new AbortController();
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

test('drops a request that is cancelled while its call acquires tokens', async () => {
  const { harness, batcher, acquired, texts } = createHarness();
  harness.holdTokens = true;
  const controller = new AbortController();
  const cancelled = batcher
    .submit(['cancelled'], { signal: controller.signal })
    .catch((error: unknown) => error);
  await eventually(() => acquired.length === 1);
  controller.abort('cancelled');
  harness.holdTokens = false;
  acquired[0]?.admit();
  expect(await cancelled).toBe('cancelled');
  expect(await batcher.submit(['next'])).toEqual(['NEXT']);
  expect(texts()).toEqual([['next']]);
});

test('rejects all requests when it stops', async () => {
  const { batcher, calls } = createHarness({ held: true, maxTexts: 1, maxCalls: 1 });
  const work = ['a', 'b'].map((text) => batcher.submit([text]).catch((error: unknown) => error));
  await eventually(() => calls.length === 1);
  const stopped = new Error('stopped');
  batcher.stop(stopped);
  expect(await Promise.all(work)).toEqual([stopped, stopped]);
  expect(calls[0]?.signal.aborted).toBe(true);
});

test('returns no results for no texts, without a call', async () => {
  const { batcher, calls } = createHarness();
  expect(await batcher.submit([])).toEqual([]);
  expect(calls).toEqual([]);
});

test('fills a call in turn over the users, then over the documents', async () => {
  const { batcher, calls, texts } = createHarness({ held: true, maxTexts: 2, maxCalls: 1 });
  const submit = (userId: string, documentId: string, ...textsOfDocument: string[]) =>
    batcher.submit(textsOfDocument, { owner: { userId, documentId } });
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
    calls[call]?.respond();
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
