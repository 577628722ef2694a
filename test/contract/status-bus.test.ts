import { built } from '../support/built.js';
import { describeStatusBusContract } from '../support/contracts/status-bus.js';

type StatusBusModule = typeof import('../../src/embedded/status-bus.js');

const { createStatusBus } = await built<StatusBusModule>('embedded/status-bus.js');

describeStatusBusContract('within the process', async () => ({
  bus: createStatusBus(),
  close: async () => undefined,
}));
