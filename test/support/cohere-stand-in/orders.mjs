/** What tests have ordered for the next calls, and what the calls so far were. */
const RATE_WINDOW_MS = 60_000;

const NO_COUNTS = {
  calls: 0,
  texts: 0,
  largestBatch: 0,
  rerankCalls: 0,
  refused: 0,
  limited: 0,
  abandoned: 0,
  mostAtOnce: 0,
};

export function createOrders() {
  let answers = [];
  let settings = { latencyMs: 0, inputsPerMinute: null, windowMs: RATE_WINDOW_MS };
  let counts = { ...NO_COUNTS };
  let open = 0;
  /** Of the calls that were let through: when, and how many texts. */
  let spent = [];

  function reset() {
    answers = [];
    settings = { latencyMs: 0, inputsPerMinute: null, windowMs: RATE_WINDOW_MS };
    counts = { ...NO_COUNTS, mostAtOnce: open };
    spent = [];
  }

  return {
    /** `reset` comes before everything else in the same order. */
    change: ({ reset: isReset, answers: more = [], ...changed }) => {
      if (isReset) reset();
      answers.push(
        ...more.flatMap(({ times = 1, ...answer }) => Array.from({ length: times }, () => answer)),
      );
      settings = { ...settings, ...changed };
    },
    snapshot: () => ({ ...counts, open, answersLeft: answers.length, ...settings }),
    latencyMs: () => settings.latencyMs,

    /** The answer ordered for the next call of this kind; an order without `of` is for embed. */
    next: (kind) => {
      const index = answers.findIndex(({ of = 'embed' }) => of === kind);
      return index < 0 ? {} : answers.splice(index, 1)[0];
    },

    began: (kind, texts) => {
      open += 1;
      counts.mostAtOnce = Math.max(counts.mostAtOnce, open);
      if (kind === 'rerank') counts.rerankCalls += 1;
      else countBatch(counts, texts);
    },
    ended: ({ status, isAbandoned }) => {
      open -= 1;
      if (isAbandoned) counts.abandoned += 1;
      else if (status >= 400) counts.refused += 1;
    },

    /**
     * Seconds to wait until this many texts fit into the minute; 0 when they do, and are then
     * spent.
     */
    spend: (texts, nowMs) => {
      if (settings.inputsPerMinute === null) return 0;
      spent = spent.filter(({ atMs }) => atMs > nowMs - settings.windowMs);
      const used = spent.reduce((sum, { texts: some }) => sum + some, 0);
      if (used + texts <= settings.inputsPerMinute) {
        spent.push({ atMs: nowMs, texts });
        return 0;
      }
      counts.limited += 1;
      return Math.max(
        1,
        Math.ceil(((spent[0]?.atMs ?? nowMs) + settings.windowMs - nowMs) / 1_000),
      );
    },
  };
}

function countBatch(counts, texts) {
  counts.calls += 1;
  counts.texts += texts;
  counts.largestBatch = Math.max(counts.largestBatch, texts);
}
