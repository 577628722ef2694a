/**
 * Starts real servers once for the integration and cluster tests. If they cannot be started, the
 * tests that need them are skipped with one line, or the run fails with CI=true.
 * DOCSTREAM_SERVICES_ENV names servers that already run.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';

/** Long enough to build Weaviate from its sources, the first time. */
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
  else skip(`${stdout}${stderr}`);
}

function skip(reason) {
  if (process.env.CI === 'true')
    throw new Error(
      `the servers could not be started, and with CI=true no test may be skipped:\n${reason}`,
    );
  process.stderr.write(
    `${reason}\ndocstream: skipped test/integration and test/cluster, which need these servers\n`,
  );
}
