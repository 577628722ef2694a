/** asyncapi.yaml, and a check of records against it that uses nothing else. */
import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { LogRecord } from '../../src/documents/ports.js';

interface Reference {
  $ref: string;
}

interface Message {
  headers?: Reference;
  payload: Reference | object;
  bindings?: { kafka: { key: object } };
  examples?: { headers: Record<string, string>; payload: object }[];
}

interface Channel {
  address: string;
  messages: Record<string, Reference>;
  bindings: {
    kafka: {
      topic: string;
      partitions: number;
      topicConfiguration: Record<string, number | string[]>;
    };
  };
}

export interface AsyncApi {
  info: { version: string };
  channels: Record<string, Channel>;
  operations: Record<string, object>;
  components: { messages: Record<string, Message>; schemas: Record<string, object> };
}

export function readAsyncApi(): AsyncApi {
  return parse(readFileSync(new URL('../../asyncapi.yaml', import.meta.url), 'utf8')) as AsyncApi;
}

type Check = (record: LogRecord) => string[];

/**
 * Returns a check that lists the problems of a record, none if it matches a message of its topic.
 */
export function toRecordCheck(api: AsyncApi): Check {
  const topics = new Map(
    Object.values(api.channels).map((channel) => [channel.address, toMessageChecks(api, channel)]),
  );
  return (record) => {
    const checks = topics.get(record.topic);
    if (!checks) return [`${record.topic} is not described in asyncapi.yaml`];
    const results = checks.map((check) => check(record));
    return results.find((problems) => problems.length === 0) ?? results.flat();
  };
}

function toMessageChecks(api: AsyncApi, { messages }: Channel): Check[] {
  return Object.values(messages).map(({ $ref }) => {
    const name = $ref.split('/').at(-1) ?? '';
    const message = api.components.messages[name];
    if (!message) throw new Error(`${$ref} does not exist in asyncapi.yaml`);
    const checks = [
      ['headers', toValidate(api, message.headers ?? { maxProperties: 0 })],
      ['key', toValidate(api, message.bindings?.kafka.key ?? { const: '' })],
      ['payload', toValidate(api, message.payload)],
    ] as const;
    return (record) => {
      const fields = {
        headers: record.headers,
        key: record.key,
        payload: parseValue(record.value),
      };
      return checks.flatMap(([field, validate]) =>
        problemsOf(`${name} ${field}`, validate, fields[field]),
      );
    };
  });
}

function toValidate(api: AsyncApi, schema: object): ValidateFunction {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // A schema's $id would change what its references are relative to.
  const schemas = Object.fromEntries(
    Object.entries(api.components.schemas).map(([name, one]) => [name, { ...one, $id: undefined }]),
  );
  return ajv.compile({
    ...schema,
    components: { schemas: JSON.parse(JSON.stringify(schemas)) as object },
  });
}

function problemsOf(what: string, validate: ValidateFunction, value: unknown): string[] {
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message = '' }) => `${what}${instancePath} ${message}`,
  );
}

/** Returns undefined, which no schema accepts, for a value that is not JSON. */
function parseValue(value: string | null): unknown {
  try {
    return value === null ? null : JSON.parse(value);
  } catch {
    return undefined;
  }
}
