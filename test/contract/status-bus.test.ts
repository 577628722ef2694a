import { built } from '../support/built.js';
import { describeStatusBusContract } from '../support/contracts/status-bus.js';

type StatusBusModule = typeof import('../../src/in-process/status-bus.js');

const { createStatusBus } = await built<StatusBusModule>('in-process/status-bus.js');

describeStatusBusContract('in process', async () => ({
  bus: createStatusBus(),
  close: async () => undefined,
}));
