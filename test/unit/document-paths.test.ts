/** The documents name files of the repository, and refer to one another. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { projectDir } from '../../src/config.js';

const DOCUMENTS = ['*.md', 'docs/**/*.md', 'examples/*/README.md'].flatMap((pattern) =>
  globSync(pattern, { cwd: projectDir }),
);
const PATH = /`((?:src|web|test|scripts|consumers|docs|examples|asyncapi)\/[\w./@-]+)`/g;
const LINK = /\]\((?!https?:|#)([^)#\s]+)/g;

const read = (path: string): string => readFileSync(join(projectDir, path), 'utf8');

function missing(paths: string[], folder: string): string[] {
  return paths.filter((path) => !existsSync(join(projectDir, folder, path)));
}

function matchesOf(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, path = '']) => path);
}

describe.each(DOCUMENTS)('%s', (document) => {
  it('names paths that exist', () => {
    const paths = matchesOf(read(document), PATH).filter((path) => !path.includes('NNNN'));
    expect(missing(paths, '')).toEqual([]);
  });

  it('links to files that exist', () => {
    expect(missing(matchesOf(read(document), LINK), dirname(document))).toEqual([]);
  });
});

describe('the map of the code in CONTRIBUTING.md', () => {
  it('has twenty-four questions with one path each', () => {
    const map = read('CONTRIBUTING.md').split('## Where to find things')[1] ?? '';
    expect(map.match(/^\| .+ \| `[^`|]+` \|$/gm)).toHaveLength(24);
  });
});
