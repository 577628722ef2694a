import { readFileSync, readdirSync } from 'node:fs';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { serialiseEvent } from '../../src/documents/serialise.js';
import {
  deadLetterSchema,
  toFailedRecord,
  toUnreadableRecord,
} from '../../src/messages/dead-letter.js';
import {
  statusMessageSchema,
  toLatestRecord,
  toStatusRecord,
  toTombstone,
} from '../../src/messages/document-status.js';
import { jobMessageSchema, toJobRecord } from '../../src/messages/job.js';
import { toJsonSchema } from '../../src/messages/json-schema.js';
import { DEFAULT_PARTITIONS, GROUPS, TOPIC_CONFIGS } from '../../src/messages/topics.js';
import { readAsyncApi, toRecordCheck, type AsyncApi } from '../support/asyncapi.js';
import { findBrokenPromises, type Schema } from '../support/schema-promises.js';
import { makeChange } from '../support/make-document.js';

const RELEASED = new URL('../../asyncapi/released/v1/', import.meta.url);
const SCHEMAS = {
  DocumentStatus: statusMessageSchema,
  DeadLetter: deadLetterSchema,
  Job: jobMessageSchema,
};
const FILES: Record<keyof typeof SCHEMAS, string> = {
  DocumentStatus: 'document-status',
  DeadLetter: 'dead-letter',
  Job: 'job',
};
const NAMES = Object.keys(SCHEMAS) as (keyof typeof SCHEMAS)[];

const api = readAsyncApi();
const released = readdirSync(RELEASED).map((file) => {
  const name = NAMES.find((candidate) => file.startsWith(`${FILES[candidate]}.`));
  if (!name) throw new Error(`${file} is not the schema of a message`);
  return {
    file,
    name,
    schema: JSON.parse(readFileSync(new URL(file, RELEASED), 'utf8')) as Schema,
  };
});

const ERROR = {
  code: 'ATTEMPTS_EXHAUSTED',
  cause: 'EMBEDDER_UNAVAILABLE',
  message: 'No response.',
  retryable: false,
  stage: 'VECTORIZING',
};
const now = new Date();
/** Events of every status, with and without nullable values. */
const RECORDS = [
  ...(['PENDING', 'EXTRACTING', 'VECTORIZING', 'CANCELLED', 'DELETING'] as const).map((status) =>
    makeChange({ status }),
  ),
  makeChange({
    status: 'PENDING',
    attempt: 1,
    nextAttemptAt: now,
    startedAt: now,
    error: { ...ERROR, cause: null, retryable: true } as never,
  }),
  makeChange({
    status: 'COMPLETED',
    seq: 4,
    startedAt: now,
    processedAt: now,
    vectorCount: 3,
    progress: { done: 3, total: 3 },
  }),
  makeChange({
    status: 'FAILED',
    seq: 9,
    generation: 2,
    attempt: 5,
    processedAt: now,
    error: ERROR as never,
  }),
].map(serialiseEvent);
const statusRecords = RECORDS.flatMap((event) => [
  toStatusRecord(event),
  toLatestRecord(event, { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` }),
]);
const written = {
  DocumentStatus: statusRecords,
  DeadLetter: [
    ...RECORDS.map(toFailedRecord),
    toUnreadableRecord({
      topic: 'docstream.jobs.v1',
      partition: 3,
      offset: '17',
      reason: 'NOT_JSON',
    }),
  ],
  Job: [toJobRecord({ documentId: RECORDS[0]?.documentId ?? '', generation: 1 })],
};

function specification(): Schema {
  const schema = (specs.schemas as unknown as Record<string, Schema>)['3.0.0'];
  if (!schema) throw new Error('no schema of AsyncAPI 3.0.0');
  return schema;
}

function makeAjv(options: object = {}): Ajv {
  const ajv = new Ajv({ strict: false, allErrors: true, ...options });
  addFormats.default(ajv);
  return ajv;
}

describe('asyncapi.yaml', () => {
  // The schema of AsyncAPI contains that of JSON Schema, which ajv has as well.
  const isAsyncApi = makeAjv({ meta: false, validateSchema: false }).compile(specification());

  it('is valid by the schema of AsyncAPI, which finds mistakes', () => {
    const { $id, ...plain } = parse(
      readFileSync(new URL('../../asyncapi.yaml', import.meta.url), 'utf8'),
    ) as Schema;
    expect($id).toBeUndefined();
    isAsyncApi(plain);
    expect(isAsyncApi.errors ?? []).toEqual([]);
    expect(isAsyncApi({ ...plain, operations: { publishStatus: { action: 'publish' } } })).toBe(
      false,
    );
    expect(isAsyncApi({ ...plain, chanels: {} })).toBe(false);
  });

  it('has no broken reference', () => {
    const references = [...JSON.stringify(api).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference = '']) => reference,
    );
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((reference) => resolve(api, reference) === undefined)).toEqual([]);
    expect(resolve(api, '#/components/schemas/Nothing')).toBeUndefined();
  });

  it.each(NAMES)('contains the schema of %s from src/messages', (name) => {
    expect(api.components.schemas[name]).toEqual(toJsonSchema(SCHEMAS[name]));
  });

  it('lists every topic with its partitions and configuration from src/messages', () => {
    const described = Object.values(api.channels).map(({ address, bindings: { kafka } }) => ({
      address,
      ...kafka,
    }));
    const wanted = Object.entries(TOPIC_CONFIGS).map(([topic, config]) => ({
      address: topic,
      topic,
      partitions: DEFAULT_PARTITIONS,
      bindingVersion: '0.5.0',
      topicConfiguration: Object.fromEntries(
        Object.entries(config).map(([name, value]) => [
          name,
          name === 'cleanup.policy' ? [value] : Number(value),
        ]),
      ),
    }));
    const byAddress = (a: { address: string }, b: { address: string }) =>
      a.address.localeCompare(b.address);
    expect(described.sort(byAddress)).toEqual(wanted.sort(byAddress));
    expect(api.operations['takePermit']).toMatchObject({
      bindings: { kafka: { groupId: { const: GROUPS.vectorize } } },
    });
  });

  it('has valid examples', () => {
    const check = toRecordCheck(api);
    const examples = Object.values(api.components.messages).flatMap(
      (message) => message.examples ?? [],
    );
    expect(examples.length).toBeGreaterThan(0);
    for (const { headers, payload } of examples) {
      const record = {
        topic: 'docstream.document-status.v1',
        key: headers['ce_subject'] ?? '',
        headers,
        value: JSON.stringify(payload),
      };
      expect(check(record)).toEqual([]);
    }
  });

  it('describes topic, key, headers and value of every record that the code writes', () => {
    const check = toRecordCheck(api);
    const records = [...Object.values(written).flat(), toTombstone(RECORDS[0]?.documentId ?? '')];
    for (const record of records) expect(check(record)).toEqual([]);
  });

  it('rejects records that it does not describe', () => {
    const check = toRecordCheck(api);
    const good = toStatusRecord(RECORDS[0] ?? serialiseEvent(makeChange()));
    const { ce_id: _id, ...withoutId } = good.headers;
    const tombstone = toTombstone(good.key);
    const wrong = [
      { ...good, headers: withoutId },
      { ...good, headers: { ...good.headers, ce_type: 'docstream.document.status-changed.v2' } },
      { ...good, key: 'no uuid' },
      { ...good, value: good.value?.replace('"seq":1', '"seq":"1"') ?? null },
      { ...good, value: 'not json' },
      { ...good, topic: 'docstream.other.v1' },
      { ...tombstone, topic: 'docstream.document-status.v1' },
    ];
    for (const record of wrong) expect(check(record)).not.toEqual([]);
  });
});

/** Texts for people may be reworded at any time; everything else belongs to a version. */
function withoutDescriptions(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDescriptions);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, child]) => !(key === 'description' && typeof child === 'string'))
      .map(([key, child]) => [key, withoutDescriptions(child)]),
  );
}

describe('the released schemas', () => {
  it.each(NAMES)(
    'contain %s of the current version: a change of more than descriptions needs a new version',
    (name) => {
      const present = released.find(
        ({ file }) => file === `${FILES[name]}.${api.info.version}.json`,
      );
      const { $schema: _dialect, ...schema } = present?.schema ?? {};
      expect(withoutDescriptions(schema)).toEqual(withoutDescriptions(toJsonSchema(SCHEMAS[name])));
    },
  );

  it.each(released)('accept what the code writes today: $file', ({ name, schema }) => {
    const accepts = makeAjv().compile(schema);
    for (const { value } of written[name]) {
      accepts(JSON.parse(value ?? 'null'));
      expect(accepts.errors ?? []).toEqual([]);
    }
  });

  it.each(released)('keep every guarantee of $file', ({ name, schema }) => {
    expect(findBrokenPromises(schema, toJsonSchema(SCHEMAS[name]))).toEqual([]);
  });

  const base = toJsonSchema(statusMessageSchema) as Schema & {
    properties: Record<string, Schema>;
    required: string[];
  };
  const { message: _message, ...withoutMessage } = base.properties;

  it.each<[string, Schema]>([
    [
      'a field is left out',
      {
        ...base,
        properties: withoutMessage,
        required: base.required.filter((field) => field !== 'message'),
      },
    ],
    [
      'a field becomes optional',
      { ...base, required: base.required.filter((field) => field !== 'message') },
    ],
    [
      'a field may be null',
      { ...base, properties: { ...base.properties, message: { type: ['string', 'null'] } } },
    ],
    [
      'a field has another type',
      { ...base, properties: { ...base.properties, seq: { type: 'string' } } },
    ],
    [
      'a whole number may be a fraction',
      { ...base, properties: { ...base.properties, seq: { type: 'number', minimum: 1 } } },
    ],
    [
      'a lower bound falls',
      { ...base, properties: { ...base.properties, seq: { type: 'integer', minimum: 0 } } },
    ],
    [
      'a field in a field is left out',
      { ...base, properties: { ...base.properties, progress: { type: 'object', properties: {} } } },
    ],
    [
      'a time is any text',
      { ...base, properties: { ...base.properties, occurredAt: { type: 'string' } } },
    ],
  ])('are incompatible if %s', (_what, changed) => {
    expect(findBrokenPromises(base, changed)).not.toEqual([]);
  });

  it('are compatible with a new optional field or another description', () => {
    const properties = {
      ...base.properties,
      language: { type: 'string' },
      seq: { type: 'integer', minimum: 1, description: 'Other words.' },
    };
    expect(findBrokenPromises(base, { ...base, properties })).toEqual([]);
  });
});

function resolve(root: AsyncApi, reference: string): unknown {
  const steps = reference.replace(/^#\//, '').split('/');
  return steps.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Schema)[step] : undefined,
    root,
  );
}
