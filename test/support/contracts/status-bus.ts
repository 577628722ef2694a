/** What every StatusBus promises. */
import { randomUUID } from 'node:crypto';
import type { StatusEvent } from '../../../src/documents/document.js';
import type { StatusBus } from '../../../src/documents/ports.js';
import { makeChange } from '../make-document.js';
import { eventually } from '../wait.js';

export function describeStatusBusContract(
  name: string,
  open: () => Promise<{ bus: StatusBus; close: () => Promise<void> }>,
): void {
  describe(`a status bus: ${name}`, () => {
    let bus: StatusBus;
    let close: () => Promise<void>;
    let id: string;
    let userId: string;

    beforeAll(async () => {
      ({ bus, close } = await open());
    });
    beforeEach(() => {
      id = randomUUID();
      userId = `user-${randomUUID()}`;
    });
    afterAll(() => close());

    const change = (seq = 1) => makeChange({ id, userId, seq });

    async function listen(channel: string): Promise<{ seen: StatusEvent[]; leave: () => void }> {
      const seen: StatusEvent[] = [];
      return { seen, leave: await bus.subscribe(channel, (event) => void seen.push(event)) };
    }

    /** When this one has come, everything published before it has. */
    async function settle(): Promise<void> {
      const channel = `document:${randomUUID()}`;
      const { seen, leave } = await listen(channel);
      bus.publish(makeChange({ id: channel.slice('document:'.length) }));
      await eventually(() => seen.length > 0);
      leave();
    }

    it('hands an event, whole, to who listens to its document and to who listens to its user', async () => {
      const listeners = [await listen(`document:${id}`), await listen(`user:${userId}`)];
      const event = change();
      bus.publish(event);
      await eventually(() => listeners.every(({ seen }) => seen.length === 1));
      for (const { seen } of listeners) expect(seen).toEqual([event]);
    });

    it('hands events of one document over in the order in which they were published', async () => {
      const { seen } = await listen(`document:${id}`);
      for (let seq = 1; seq <= 50; seq += 1) bus.publish(change(seq));
      await eventually(() => seen.length === 50);
      expect(seen.map((event) => event.seq)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });

    it('hands an event to every listener of a channel', async () => {
      const listeners = await Promise.all(
        Array.from({ length: 20 }, () => listen(`document:${id}`)),
      );
      bus.publish(change());
      await eventually(() => listeners.every(({ seen }) => seen.length === 1));
    });

    it('hands nothing to who listens to something else', async () => {
      const others = [
        await listen(`document:${randomUUID()}`),
        await listen(`user:${randomUUID()}`),
        await listen(`document:${userId}`),
      ];
      bus.publish(change());
      await settle();
      expect(others.flatMap(({ seen }) => seen)).toEqual([]);
    });

    it('hands nothing to who has left, and the rest to who stays', async () => {
      const leaver = await listen(`document:${id}`);
      const stayer = await listen(`document:${id}`);
      leaver.leave();
      bus.publish(change());
      await eventually(() => stayer.seen.length === 1);
      await settle();
      expect(leaver.seen).toEqual([]);
    });

    it('does not run a listener inside the publisher', async () => {
      const { seen } = await listen(`document:${id}`);
      bus.publish(change());
      expect(seen).toEqual([]);
      await eventually(() => seen.length === 1);
    });
  });
}
