/** English sentences that make distinct passages. They are the same in every run. */
const SUBJECTS = [
  'The warden',
  'A river',
  'Every engine',
  'The old library',
  'Her telescope',
  'The harbour',
  'A beekeeper',
  'The court',
  'Their orchard',
  'The signal box',
];
const VERBS = [
  'follows',
  'remembers',
  'measures',
  'repairs',
  'describes',
  'warms',
  'carries',
  'protects',
  'changes',
  'listens to',
];
const OBJECTS = [
  'the slow tide',
  'a broken clock',
  'the winter harvest',
  'an unsigned contract',
  'the northern road',
  'a swarm of bees',
  'the glacier',
  'a coal fire',
  'the first printed map',
  'a quiet station',
];
const ENDS = [
  'before dawn',
  'without a word',
  'in the second year',
  'under heavy snow',
  'near the old bridge',
  'when the wind turns',
  'for a small fee',
  'as the law demands',
  'with great care',
  'until the bell rings',
];

export function sentence(number: number): string {
  const pick = (words: readonly string[], step: number) =>
    words[Math.floor(number / step) % words.length] ?? '';
  return `${pick(SUBJECTS, 1)} ${pick(VERBS, 10)} ${pick(OBJECTS, 100)} ${pick(ENDS, 1_000)}, as note ${number} says.`;
}

/** Returns paragraphs that become one passage each: two together are too long for a passage. */
export function paragraphs(count: number, length: number): string[] {
  let number = 0;
  return Array.from({ length: count }, () => {
    let text = '';
    while (text.length < length) text += `${sentence((number += 7))} `;
    return text.trim();
  });
}
