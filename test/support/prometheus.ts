/**
 * Parses Prometheus' text format, version 0.0.4, as strictly as `promtool check metrics`: each
 * family once, help and type before its samples, valid names, no duplicate series, histograms that
 * rise to their count. Throws at the first violation.
 */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Family {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  samples: Sample[];
}

export type Exposition = Map<string, Family>;

const HELP = /^# HELP ([a-z_:][a-z0-9_:]*) (\S.*)$/i;
const TYPE = /^# TYPE (\S+) (counter|gauge|histogram)$/;
const SAMPLE =
  /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|Nan|\+Inf|-Inf)$/i;
const LABEL = /^([a-z_][a-z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/i;
/** Names of Node's default metrics that break the rules. */
const ODD_GAUGES = /^nodejs_active_(resources|handles|requests)_total$/;

export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families: Exposition = new Map();
  let current: Family | undefined;
  let help: [string, string] | undefined;
  for (const line of text.split('\n').filter(Boolean)) {
    const [, helpName, helpText] = HELP.exec(line) ?? [];
    const [, typeName, type] = TYPE.exec(line) ?? [];
    if (helpName && helpText) help = [helpName, helpText];
    else if (typeName && help?.[0] === typeName)
      current = begin(families, typeName, type as Family['type'], help[1]);
    else if (line.startsWith('#') || !current) throw new Error(`out of place: ${line}`);
    else current.samples.push(parseSample(line, current));
  }
  for (const family of families.values()) check(family);
  return families;
}

function begin(families: Exposition, name: string, type: Family['type'], help: string): Family {
  if (families.has(name)) throw new Error(`${name} comes twice`);
  const family: Family = { name, type, help, samples: [] };
  families.set(name, family);
  return family;
}

function parseSample(line: string, family: Family): Sample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`no sample: ${line}`);
  const own =
    family.type === 'histogram'
      ? ['_bucket', '_sum', '_count'].map((suffix) => family.name + suffix)
      : [family.name];
  if (!own.includes(name)) throw new Error(`${name} does not belong to ${family.name}`);
  return {
    name,
    labels: parseLabels(labels),
    value: Number(value.replace('+Inf', 'Infinity').replace('-Inf', '-Infinity')),
  };
}

function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const [all, name, value] = LABEL.exec(rest) ?? [];
    if (all === undefined || name === undefined || value === undefined || name in labels)
      throw new Error(`no labels: ${text}`);
    labels[name] = value;
    rest = rest.slice(all.length);
  }
  return labels;
}

function check(family: Family): void {
  const { name, type, samples } = family;
  if ((type === 'counter') !== name.endsWith('_total') && !ODD_GAUGES.test(name))
    throw new Error(`${name} is a ${type}`);
  const series = samples.map((sample) => toKey(sample.name, sample.labels));
  if (new Set(series).size !== series.length) throw new Error(`a series of ${name} comes twice`);
  if (type !== 'gauge' && samples.some(({ value }) => !(value >= 0)))
    throw new Error(`${name} is negative`);
  if (type === 'histogram') checkBuckets(family);
}

function checkBuckets({ name, samples }: Family): void {
  for (const count of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter(
      (sample) => sample.name === `${name}_bucket` && isOf(sample, count.labels),
    );
    const limits = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
    const values = buckets.map(({ value }) => value);
    const rises = [limits, values].every((numbers) =>
      numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0)),
    );
    if (!rises || limits.at(-1) !== Infinity || values.at(-1) !== count.value)
      throw new Error(`the buckets of ${name} do not add up`);
    if (!samples.some((sample) => sample.name === `${name}_sum` && isOf(sample, count.labels)))
      throw new Error(`${name} has no sum`);
  }
}

function isOf({ labels: { le: _le, ...labels } }: Sample, wanted: Record<string, string>): boolean {
  return toKey('', labels) === toKey('', wanted);
}

function toKey(name: string, labels: Record<string, string>): string {
  return JSON.stringify([name, Object.entries(labels).sort()]);
}

/** Returns the value of one series, of a histogram `…_count` or `…_sum`; undefined if missing. */
export function valueOf(
  exposition: Exposition,
  name: string,
  labels: Record<string, string> = {},
): number | undefined {
  const family = exposition.get(name) ?? exposition.get(name.replace(/_(count|sum|bucket)$/, ''));
  return family?.samples.find(
    (sample) => sample.name === name && toKey('', sample.labels) === toKey('', labels),
  )?.value;
}

/** Reads the metrics of a process. */
export async function scrape(url: string): Promise<Exposition> {
  const response = await fetch(`${url}/metrics`);
  if (response.status !== 200) throw new Error(`/metrics responded with ${response.status}`);
  return parseExposition(await response.text());
}
