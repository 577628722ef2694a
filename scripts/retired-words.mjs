/**
 * npm run check -- "retired words": finds words that the project has replaced by a standard term
 * (docs/glossary.md, docs/writing.md). Prints file, line, word and what to write instead.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * `except` names what may stay: a public name, a library's name, or another meaning of the word. It
 * is tested against `path:line`.
 */
const RETIRED = [
  { word: /\bmend(s|ed|ing)?\b/i, instead: 'fix, correct, check' },
  { word: /\bhints?\b/i, instead: 'notification', except: /^web\/|hint: 'SECRET'/ },
  {
    word: /\bannounc(e|es|ed|ing|er)\b|createAnnounc/i,
    instead: 'notify after the commit',
    except: /^(web\/|test\/(e2e\/page|unit\/web))|data-dir/,
  },
  { word: /\bgather(s|ed|ing|Into|Writes)?\b/i, instead: 'collect, coalesce, group commit' },
  { word: /\b(take|takes|taken|taking|took) back\b|takeBack|takenBack/i, instead: 'reclaim' },
  { word: /\bpermits?\b|permitLedger/i, instead: 'wake-up message; allow' },
  {
    word: /\blanes?\b/i,
    instead: 'shard, event publisher, compacted-topic publisher',
    except: /lane="|`lane`|lane: '|'lane'|\blane:/,
  },
  { word: /\bpac(e|ed|es|ing)\b|onPaced/i, instead: 'rate-limited, backpressured' },
  { word: /\bfarewells?\b/i, instead: 'sign-out reason' },
  { word: /\bcondemn/i, instead: 'kill' },
  { word: /\blast ?words\b/i, instead: 'stderr tail' },
  { word: /\bverdicts?\b/i, instead: 'reason' },
  { word: /\bcrowd(s|ed)?\b/i, instead: 'high load' },
  { word: /\bpatien(ce|t|tly)\b|patienceMs|openPatiently/i, instead: 'linger, grace period' },
  { word: /\blease[- ]?keepers?\b/i, instead: 'lease renewer' },
  { word: /\bsurroundings\b/i, instead: 'application context' },
  { word: /\bcures?\b|cureOf/i, instead: 'error help, suggested action' },
  { word: /\bdoors?\b|[a-z]Doors?\b/, instead: 'endpoint, API, sign-in method' },
  { word: /\b(told|tells?)\b/i, instead: 'publish, report, notify; detect, distinguish' },
  { word: /\bset aside\b/i, instead: 'park' },
  { word: /\b(shut|shuts) out\b|shutOthersOut/i, instead: 'fence off' },
  { word: /\b(hold|holds|held) up\b/i, instead: 'block, delay' },
  { word: /\bleft behind\b/i, instead: 'leftover, orphaned' },
  { word: /\b(a|the|each|every|next|first|last|another|one) try\b|\btries\b/i, instead: 'attempt' },
  { word: /\bby (it|them)sel(f|ves)\b/i, instead: 'automatically, on its own' },
  { word: /\bguarded\b/i, instead: 'a name that says what is done with the error' },
  {
    word: /\bencoder[- ](thread|worker|window)s?\b|createEncoder|EncoderJob/i,
    instead: 'embedder',
  },
  {
    word: /\b[a-z]*answer(s|ed|ing)?\b/i,
    instead: 'return (function), respond (server), reply (protocol)',
    except:
      /'answered'|answered, repeated|'answers-nobody|2 answered|test\/unit\/contract\.graphql|docs\/decisions|web\/src\/search/,
  },
  { word: /src\/(embedded|graphql|http)\b/, instead: 'the folder of today' },
];

/** Texts that keep their words: history, and files that may not be edited. */
const EXEMPT =
  /^(package-lock\.json|CHANGELOG\.md|schema\.graphql|scripts\/retired-words\.mjs|asyncapi\/released\/|test\/corpus\/|src\/postgres\/migrations\/|web\/src\/gql\/|web\/public\/)/;
const TEXT =
  /\.(ts|tsx|mjs|cjs|js|md|ya?ml|css|html|sh|py)$|^(\.env\.example|Dockerfile|\.ci\/run)$/;
/** docs/writing.md shows such words beside their replacements. */
const SHOWN = /<!-- retired words -->[^]*?<!-- end of retired words -->/g;

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((path) => TEXT.test(path) && !EXEMPT.test(path));

const found = files.flatMap(readLines).flatMap(({ path, number, line }) =>
  RETIRED.filter(({ word }) => word.test(line))
    .filter(({ except }) => except === undefined || !except.test(`${path}:${line}`))
    .map(({ word, instead }) => `${path}:${number}: "${word.exec(line)[0]}" → ${instead}`),
);

if (found.length > 0) process.stdout.write(`${found.join('\n')}\n${found.length} retired words\n`);
process.exitCode = found.length === 0 ? 0 : 1;

function readLines(path) {
  return readFileSync(path, 'utf8')
    .replace(SHOWN, (text) => text.replaceAll(/[^\n]/g, ''))
    .split('\n')
    .map((line, index) => ({ path, number: index + 1, line }));
}
