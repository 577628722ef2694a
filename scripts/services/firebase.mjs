/** The Firebase Auth emulator of firebase-tools, for a project that does not exist (demo-…). */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_NODE } from '../launch/paths.mjs';
import { cached, isCached } from './cache.mjs';
import { inFolder } from './folders.mjs';
import { respondsOk } from './probe.mjs';
import { find, runPolitely } from './tools.mjs';

const VERSION = '15.34.2';
const CACHED = `firebase-tools-${VERSION}`;
const PROJECT = 'demo-docstream';

export const firebase = {
  name: 'firebase',
  version: VERSION,
  ports: ['main', 'hub', 'logging'],
  needs: ({ cache }) => (isCached(cache, CACHED) ? [] : ['npm']),
  prepare: ({ cache, signal }) =>
    cached({
      cache,
      name: CACHED,
      doing: `fetching firebase-tools ${VERSION} with npm`,
      build: (to) => fetchTools(to, signal),
    }),

  async initialise({ folder, ports }) {
    const data = inFolder.data(folder, 'firebase');
    for (const sub of ['tmp', 'config']) await mkdir(join(data, sub), { recursive: true });
    await writeFile(join(data, 'firebase.json'), JSON.stringify(settings(ports), null, 2));
  },
  command({ cache, folder }) {
    const data = inFolder.data(folder, 'firebase');
    const users = join(data, 'users');
    return {
      command: existsSync(PROJECT_NODE) ? PROJECT_NODE : process.execPath,
      args: [
        join(cache, CACHED, 'node_modules/firebase-tools/lib/bin/firebase.js'),
        ...[
          'emulators:start',
          '--only',
          'auth',
          '--project',
          PROJECT,
          '--config',
          join(data, 'firebase.json'),
        ],
        // The emulator keeps users in memory; a graceful stop writes them to disk.
        ...['--export-on-exit', users, ...(existsSync(users) ? ['--import', users] : [])],
      ],
      // Keeps the sign-in of the machine's own firebase-tools, and other emulators, apart.
      env: {
        XDG_CONFIG_HOME: join(data, 'config'),
        TMPDIR: join(data, 'tmp'),
        NO_UPDATE_NOTIFIER: '1',
        CI: 'true',
      },
      cwd: data,
    };
  },
  isReady: ({ ports }) =>
    respondsOk(
      `http://127.0.0.1:${ports.main}/`,
      (text) => JSON.parse(text).authEmulator?.ready === true,
    ),
  variables: ({ ports }) => ({
    FIREBASE_PROJECT_ID: PROJECT,
    FIREBASE_AUTH_EMULATOR_HOST: `127.0.0.1:${ports.main}`,
    // The emulator accepts any key.
    FIREBASE_API_KEY: 'demo-key',
  }),
  stopSignal: 'SIGINT',
};

/** Installs without scripts: the Auth emulator needs none. */
async function fetchTools(folder, signal) {
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const args = [
    'install',
    '--prefix',
    folder,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  await runPolitely(find('npm'), [...args, `firebase-tools@${VERSION}`], { cwd: folder, signal });
}

function settings(ports) {
  const at = (port) => ({ host: '127.0.0.1', port });
  const emulators = {
    auth: at(ports.main),
    hub: at(ports.hub),
    logging: at(ports.logging),
    ui: { enabled: false },
  };
  // Tests need tokens for other projects, which the product must reject.
  return { emulators: { ...emulators, singleProjectMode: false } };
}
