/** The contract of StatusBus. */
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

    /** Resolves when every event that was published before is delivered. */
    async function untilDelivered(): Promise<void> {
      const channel = `document:${randomUUID()}`;
      const { seen, leave } = await listen(channel);
      bus.publish(makeChange({ id: channel.slice('document:'.length) }));
      await eventually(() => seen.length > 0);
      leave();
    }

    it('delivers an event to the listeners of its document and of its user', async () => {
      const listeners = [await listen(`document:${id}`), await listen(`user:${userId}`)];
      const event = change();
      bus.publish(event);
      await eventually(() => listeners.every(({ seen }) => seen.length === 1));
      for (const { seen } of listeners) expect(seen).toEqual([event]);
    });

    it('delivers the events of one document in the order of publication', async () => {
      const { seen } = await listen(`document:${id}`);
      for (let seq = 1; seq <= 50; seq += 1) bus.publish(change(seq));
      await eventually(() => seen.length === 50);
      expect(seen.map((event) => event.seq)).toEqual(
        Array.from({ length: 50 }, (_, index) => index + 1),
      );
    });

    it('delivers an event to every listener of a channel', async () => {
      const listeners = await Promise.all(
        Array.from({ length: 20 }, () => listen(`document:${id}`)),
      );
      bus.publish(change());
      await eventually(() => listeners.every(({ seen }) => seen.length === 1));
    });

    it('delivers nothing to listeners of other channels', async () => {
      const others = [
        await listen(`document:${randomUUID()}`),
        await listen(`user:${randomUUID()}`),
        await listen(`document:${userId}`),
      ];
      bus.publish(change());
      await untilDelivered();
      expect(others.flatMap(({ seen }) => seen)).toEqual([]);
    });

    it('delivers nothing to a listener that has left, and everything to the others', async () => {
      const leaver = await listen(`document:${id}`);
      const stayer = await listen(`document:${id}`);
      leaver.leave();
      bus.publish(change());
      await eventually(() => stayer.seen.length === 1);
      await untilDelivered();
      expect(leaver.seen).toEqual([]);
    });

    it('calls no listener within publish', async () => {
      const { seen } = await listen(`document:${id}`);
      bus.publish(change());
      expect(seen).toEqual([]);
      await eventually(() => seen.length === 1);
    });
  });
}
