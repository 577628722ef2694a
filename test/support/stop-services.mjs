import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { SCRIPT } from './start-services.mjs';

/** Stops what start-services.mjs has started. */
export default function stopServices() {
  const folder = process.env.DOCSTREAM_OWN_SERVICES;
  if (!folder) return;
  spawnSync(process.execPath, [SCRIPT, 'down', '--remove', '--folder', folder], {
    stdio: 'inherit',
  });
  rmSync(folder, { recursive: true, force: true });
}
