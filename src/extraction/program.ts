/** Where the program is that a reading process runs, and what it must be able to read to run it. */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Program {
  /** The compiled reader-child.ts. */
  childPath: string;
  /** The build and the packages, as they are named and as they are found behind symbolic links. */
  readable: string[];
}

/**
 * Node cannot run the child from TypeScript sources, so a test that runs this file from them uses
 * the child of the last build.
 */
const BUILD = realpathSync(
  fileURLToPath(
    new URL(import.meta.url.endsWith('.ts') ? '../../dist/' : '../../', import.meta.url),
  ),
);

export function toProgram(childPath = `${BUILD}/src/extraction/reader-child.js`): Program {
  const realPath = realpathSync(childPath);
  const packages = packageFolders(`${BUILD}/src/extraction/`);
  const folders = [
    BUILD,
    ...packages,
    ...packages.map((folder) => realpathSync(folder)),
    ...(realPath.startsWith(BUILD) ? [] : [dirname(realPath)]),
  ];
  return { childPath: realPath, readable: [...new Set(folders)] };
}

/** The folders in which Node looks for packages, from the nearest on. */
function packageFolders(from: string): string[] {
  const candidates = createRequire(from).resolve.paths('pdfjs-dist') ?? [];
  const above = candidates.filter((folder) => from.startsWith(dirname(folder)));
  return above.filter((folder) => existsSync(folder));
}
