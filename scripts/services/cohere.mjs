/** The stand-in for Cohere, which offers no server to run. */
import { existsSync } from 'node:fs';
import { PROJECT_NODE, inProject } from '../launch/paths.mjs';
import { respondsOk } from './probe.mjs';

const KEY = 'stand-in-key';

export const cohere = {
  name: 'cohere',
  version: 'stand-in',
  ports: ['main'],
  needs: () => [],
  prepare: async () => undefined,
  initialise: async () => undefined,
  command: ({ ports }) => ({
    command: existsSync(PROJECT_NODE) ? PROJECT_NODE : process.execPath,
    args: [
      inProject('test/support/cohere-stand-in/main.mjs'),
      '--port',
      String(ports.main),
      '--key',
      KEY,
    ],
    cwd: '/',
  }),
  isReady: ({ ports }) => respondsOk(`http://127.0.0.1:${ports.main}/control`),
  variables: ({ ports }) => ({
    COHERE_API_KEY: KEY,
    COHERE_BASE_URL: `http://127.0.0.1:${ports.main}`,
  }),
};
