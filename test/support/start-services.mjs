/**
 * Real servers for the integration and cluster tests, started once a run where they can be had.
 * Where they cannot, the tests that need them are left out with one line that says so; never with
 * CI=true. DOCSTREAM_SERVICES_ENV names servers that run already.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';

/** The first time Weaviate is built from its sources. */
const START_MS = 15 * 60_000;
export const SCRIPT = fileURLToPath(new URL('../../scripts/services.mjs', import.meta.url));

export default function startServices() {
  if (!process.env.DOCSTREAM_SERVICES_ENV) startOwn();
  if (process.env.DOCSTREAM_SERVICES_ENV)
    Object.assign(process.env, parseEnv(readFileSync(process.env.DOCSTREAM_SERVICES_ENV, 'utf8')));
}

function startOwn() {
  const folder = mkdtempSync(join(tmpdir(), 'docstream-services-'));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [SCRIPT, 'up', '--folder', folder],
    {
      encoding: 'utf8',
      timeout: START_MS,
    },
  );
  process.env.DOCSTREAM_OWN_SERVICES = folder;
  if (status === 0) process.env.DOCSTREAM_SERVICES_ENV = join(folder, 'services.env');
  else leaveOut(`${stdout}${stderr}`);
}

function leaveOut(why) {
  if (process.env.CI === 'true')
    throw new Error(
      `the servers could not be started, and with CI=true nothing may be left out:\n${why}`,
    );
  process.stderr.write(
    `${why}\ndocstream: left out, for want of these servers: test/integration and test/cluster.\n`,
  );
}
