/** The orders of tests for the next calls, and the counts of the calls so far. */
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
  let responses = [];
  let settings = { latencyMs: 0, inputsPerMinute: null, windowMs: RATE_WINDOW_MS };
  let counts = { ...NO_COUNTS };
  let open = 0;
  /** The time and the number of texts of each accepted call. */
  let spent = [];

  function reset() {
    responses = [];
    settings = { latencyMs: 0, inputsPerMinute: null, windowMs: RATE_WINDOW_MS };
    counts = { ...NO_COUNTS, mostAtOnce: open };
    spent = [];
  }

  return {
    /** Applies an order, `reset` before the rest. */
    change: ({ reset: isReset, responses: more = [], ...changed }) => {
      if (isReset) reset();
      responses.push(
        ...more.flatMap(({ times = 1, ...response }) =>
          Array.from({ length: times }, () => response),
        ),
      );
      settings = { ...settings, ...changed };
    },
    snapshot: () => ({ ...counts, open, responsesLeft: responses.length, ...settings }),
    latencyMs: () => settings.latencyMs,

    /** Returns the response ordered for the next call of this kind, by default of embed. */
    next: (kind) => {
      const index = responses.findIndex(({ of = 'embed' }) => of === kind);
      return index < 0 ? {} : responses.splice(index, 1)[0];
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

    /** Spends this many texts and returns 0, or returns the seconds to wait until they fit. */
    spend: (texts, nowMs) => {
      if (settings.inputsPerMinute === null) return 0;
      spent = spent.filter(({ atMs }) => atMs > nowMs - settings.windowMs);
      const used = spent.reduce((sum, { texts: count }) => sum + count, 0);
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
