/**
 * Searches: repeated words, words that nearly match, many searches at once, and searches whose
 * client disconnects.
 */
import { ofKind, type HostileInput, type Target } from '../input.js';
import {
  atOnce,
  EVENT_STREAM,
  graphqlBody,
  JSON_BODY,
  postGraphql,
  send,
  uploadFile,
} from '../requests.js';
import { operateOnce } from './socket-client.js';

const QUERY_CHARACTERS = 2_000;
const MODES = ['KEYWORD', 'SEMANTIC', 'HYBRID'] as const;
const HIGHLIGHTS = 'score highlights{start end}';
/** 100 passages of 450 words. */
const TEXT = 'b '.repeat(45_000);

const SHAPES: Record<string, string> = {
  'repeated-words': 'c '.repeat(999) + 'b',
  'one-word-repeated': 'b '.repeat(1_000),
  'different-words': words(600, (n) => `w${n.toString(36)}`),
  'words-of-one-stem': words(200, (n) => `b${'ing'.repeat(n % 5)}s`),
  'words-of-one-beginning': words(240, (n) => `bbbb${n.toString(36)}`),
  brackets: '('.repeat(QUERY_CHARACTERS),
  quotes: '"'.repeat(QUERY_CHARACTERS),
  'quoted-words': '"b" '.repeat(500),
  operators: 'b or -b '.repeat(250),
  'operators-of-the-database': "b:* & !(b|'b') <-> ".repeat(100),
  'one-long-word': 'b'.repeat(QUERY_CHARACTERS),
  'hyphenated-words': 'b-'.repeat(1_000),
  'addresses-of-pages': 'http://b/b?b=b&'.repeat(130),
  emoji: '😀'.repeat(1_000),
  'chinese-characters': '字'.repeat(QUERY_CHARACTERS),
  'combining-marks': `e${'\u0301'.repeat(1_999)}`,
  ligatures: '\ufdfa'.repeat(QUERY_CHARACTERS),
  'lone-halves': '\ud800'.repeat(QUERY_CHARACTERS),
};

export const searchInputs: HostileInput[] = [
  ...ofKind(
    'search',
    'DOOR-04',
    Object.fromEntries(
      Object.entries(SHAPES).map(([name, query]) => [`search ${name}`, inAllModes(query)]),
    ),
  ),
  ...ofKind('search', 'DOOR-05', {
    'search-aliases': searches(fields(8), '('.repeat(QUERY_CHARACTERS)),
    'search-aliases-30': searches(fields(30), '字'.repeat(QUERY_CHARACTERS)),
    'search-through-a-fragment': searches(
      '...F x:__typename',
      '('.repeat(QUERY_CHARACTERS),
      `fragment F on Query{${fields(8)}}`,
    ),
    'search-through-two-fragments': searches(
      '...F ...G',
      '('.repeat(QUERY_CHARACTERS),
      `fragment F on Query{${fields(6)}} fragment G on Query{${fields(6, 'g')}}`,
    ),
    'search-in-inline-fragments': searches(
      `...on Query{${fields(6)}} ...on Query{${fields(6, 'g')}}`,
      '('.repeat(QUERY_CHARACTERS),
    ),
    'search-in-operations': searches('a:search(query:$q){score}', 'b', '', 30),
    'search-hung-up': async (target) =>
      atOnce(8, () => sendSearch(target, '('.repeat(QUERY_CHARACTERS), 'HYBRID', 1_000)),
    'search-30-at-once': async (target) =>
      atOnce(30, () => sendSearch(target, '字'.repeat(QUERY_CHARACTERS), 'HYBRID')),
    'search-two-users-at-once': async (target) =>
      (
        await Promise.all(
          [target, { ...target, token: `${target.token}-b` }].map((searcher) =>
            atOnce(15, () => sendSearch(searcher, '('.repeat(QUERY_CHARACTERS), 'SEMANTIC')),
          ),
        )
      ).flat(),
    'search-all-hits': async (target) =>
      withText(target, (searcher) =>
        atOnce(4, () =>
          postGraphql(
            searcher,
            `query($q:String!){search(query:$q,first:100){text ${HIGHLIGHTS} document{id events{message}}}}`,
            {
              q: SHAPES['repeated-words'],
            },
          ),
        ),
      ),
  }),
];

function words(count: number, word: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => word(index))
    .join(' ')
    .slice(0, QUERY_CHARACTERS);
}

function fields(count: number, prefix = 'a'): string {
  return Array.from(
    { length: count },
    (_, index) => `${prefix}${index}:search(query:$q,first:1){score}`,
  ).join(' ');
}

function inAllModes(query: string): HostileInput['send'] {
  return (target) =>
    withText(target, async (searcher) => {
      const responses: string[] = [];
      for (const mode of MODES) responses.push(await sendSearch(searcher, query, mode));
      return responses;
    });
}

function sendSearch(
  target: Target,
  q: string,
  mode: (typeof MODES)[number],
  timeoutMs = 20_000,
): Promise<string> {
  const query = `query($q:String!){search(query:$q,mode:${mode},first:100){${HIGHLIGHTS}}}`;
  return send(target, { headers: JSON_BODY, body: graphqlBody(query, { q }), timeoutMs });
}

/** Sends searches by POST, `times` at once, over SSE and over the WebSocket. */
function searches(selection: string, q: string, fragments = '', times = 1): HostileInput['send'] {
  const query = `query($q:String!){${selection}} ${fragments}`;
  const body = graphqlBody(query, { q });
  return async (target) => [
    ...(await atOnce(times, () => send(target, { headers: JSON_BODY, body }))),
    await send(target, { headers: EVENT_STREAM, body }),
    await operateOnce(target, body),
  ];
}

/**
 * Runs an action as a user who has the text. All inputs share this user, so that the text is
 * embedded once: later uploads of it are duplicates.
 */
async function withText(
  { url }: Target,
  action: (target: Target) => Promise<string[]>,
): Promise<string[]> {
  const target = { url, token: 'dev:hostile-searches' };
  const [uploaded = ''] = await uploadFile(target, { name: 'search-repeat.txt', content: TEXT });
  return uploaded === '202 COMPLETED'
    ? action(target)
    : [`the text is ${uploaded}`, ...(await action(target))];
}
