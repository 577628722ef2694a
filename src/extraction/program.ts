/** The program of a reading process, and the files that the process needs to run it. */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Program {
  /** The compiled reader-child.ts. */
  childPath: string;
  /** The folders of the build and of the packages, by their names and by their real paths. */
  readable: string[];
}

/**
 * The folder of the build. A test that runs this file from its TypeScript source uses the child of
 * the last build, because Node cannot run the child from its source.
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

/** Returns the folders in which Node looks for packages, the nearest one first. */
function packageFolders(from: string): string[] {
  const candidates = createRequire(from).resolve.paths('pdfjs-dist') ?? [];
  const above = candidates.filter((folder) => from.startsWith(dirname(folder)));
  return above.filter((folder) => existsSync(folder));
}
