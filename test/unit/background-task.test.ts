import { createBackgroundTask, type BackgroundTask } from '../../src/runtime/background-task.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { makeLog } from '../support/make-log.js';
import { eventually } from '../support/wait.js';

let task: BackgroundTask;
let logger: ReturnType<typeof makeLog>;
afterEach(() => task.stop());

const TICK_MS = 60_000;
let clock: ManualClock;

function create(run: () => Promise<boolean>): BackgroundTask {
  logger = makeLog();
  clock = createManualClock();
  task = createBackgroundTask({ name: 'test', run, tickMs: TICK_MS, logger, clock });
  return task;
}

describe('a background task', () => {
  it('runs when it starts, and again while there is more work', async () => {
    let remaining = 5;
    create(async () => (remaining -= 1) > 0).start();
    await eventually(() => remaining === 0);
  });

  it('runs at every tick', async () => {
    let runs = 0;
    create(async () => ((runs += 1), false)).start();
    await eventually(() => runs === 1);
    for (let tick = 1; tick <= 3; tick += 1) {
      clock.advance(TICK_MS - 1);
      await new Promise(setImmediate);
      expect(runs).toBe(tick);
      clock.advance(1);
      await eventually(() => runs === tick + 1);
    }
  });

  it('runs one at a time', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    create(async () => {
      most = Math.max(most, (running += 1));
      await new Promise(setImmediate);
      running -= 1;
      runs += 1;
      return false;
    }).start();
    await eventually(() => {
      clock.advance(TICK_MS);
      task.wake();
      return runs > 10;
    });
    expect(most).toBe(1);
  });

  it('runs once more after a signal during a run', async () => {
    let runs = 0;
    create(async () => {
      runs += 1;
      if (runs === 1) task.wake();
      return false;
    }).start();
    await eventually(() => runs === 2, { timeoutMs: 500 });
  });

  it.each(Array.from({ length: 12 }, (_, turns) => turns))(
    'loses no signal that arrives %d turns after a run has resolved',
    async (turns) => {
      let runs = 0;
      create(async () => {
        runs += 1;
        if (runs === 1) void wakeAfter(turns);
        return false;
      }).start();
      await eventually(() => runs === 2, { timeoutMs: 500, everyMs: 1 });
    },
  );

  it('runs again at the next signal after a run that failed', async () => {
    let runs = 0;
    create(async () => {
      runs += 1;
      if (runs === 1) throw new Error('no database');
      return false;
    }).start();
    await eventually(() => logger.lines.length === 1);
    task.wake();
    await eventually(() => runs === 2);
  });

  it('stops once the current run has ended, and does not run again', async () => {
    const running = Promise.withResolvers<void>();
    const end = Promise.withResolvers<void>();
    let runs = 0;
    create(async () => {
      runs += 1;
      running.resolve();
      await end.promise;
      return true;
    }).start();
    await running.promise;
    let stopped = false;
    const stopping = task.stop().then(() => (stopped = true));
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    end.resolve();
    await stopping;
    task.wake();
    await new Promise(setImmediate);
    expect(runs).toBe(1);
  });

  it('does nothing before it is started', async () => {
    let runs = 0;
    create(async () => ((runs += 1), false)).wake();
    await new Promise(setImmediate);
    expect(runs).toBe(0);
  });
});

async function wakeAfter(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
  task.wake();
}
