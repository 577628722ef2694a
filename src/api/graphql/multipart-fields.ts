/**
 * Checks of the two fields of a GraphQL multipart request, before the upload library sees them.
 * graphql-upload-minimal 1.6 follows the paths of `map` through inherited properties and writes the
 * file to any path.
 */
import { ApiError } from '../../errors.js';
import { assertShallow } from './check-operation.js';
import { MAX_REQUEST_BYTES } from './limits.js';

const MAX_MAP_BYTES = 1_024;
const MAX_PATH_LENGTH = 200;
const MAX_PATH_STEPS = 10;
const STEP = /^(?:[A-Za-z_]\w*|\d{1,4})$/;
const FORBIDDEN_STEPS = new Set(['__proto__', 'constructor', 'prototype']);

export interface MultipartFields {
  /** Throws BAD_USER_INPUT with the field. `value` may be truncated to the limit of the parser. */
  receive(name: string, value: string): void;
}

export function createMultipartFields(): MultipartFields {
  const received = new Set<string>();
  let operations: object = {};

  return {
    receive: (name, value) => {
      // The library ignores fields with other names.
      if (name !== 'operations' && name !== 'map') return;
      if (received.has(name)) throw invalid(name, `${name} must be sent once.`);
      received.add(name);
      if (name === 'operations') operations = parseOperations(value);
      else if (received.has('operations')) assertMap(parseMap(value), operations);
      else throw invalid('map', 'map must follow operations.');
    },
  };
}

function parseOperations(value: string): object {
  const limit = MAX_REQUEST_BYTES;
  if (value.length >= limit)
    throw invalid('operations', `operations must be shorter than ${limit / 1024} KiB.`, limit);
  const operations = parseObject('operations', value);
  assertShallow(operations, 'operations');
  return operations;
}

function parseMap(value: string): object {
  if (value.length > MAX_MAP_BYTES)
    throw invalid('map', `map must be at most ${MAX_MAP_BYTES} bytes long.`, MAX_MAP_BYTES);
  return parseObject('map', value);
}

function parseObject(name: string, value: string): object {
  const parsed = parseJson(name, value);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw invalid(name, `${name} must be a JSON object.`);
}

function parseJson(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw invalid(name, `${name} must be JSON.`, undefined, error);
  }
}

/** Accepts one file at one path, which must lead to a null: the value of an `Upload` variable. */
function assertMap(map: object, operations: object): void {
  const paths = Object.values(map).flatMap((list: unknown): unknown[] =>
    Array.isArray(list) ? list : [undefined],
  );
  if (Object.keys(map).length > 1 || paths.length > 1)
    throw invalid(
      'map',
      'A request may contain one file, at one path; send one uploadDocument request per file.',
      1,
    );
  for (const path of paths) assertPath(path, operations);
}

function assertPath(path: unknown, operations: object): void {
  if (typeof path !== 'string' || path.length > MAX_PATH_LENGTH)
    throw invalid('map', 'A path of map must be a string such as variables.file.');
  const [first, ...steps] = path.split('.');
  if (first !== 'variables' || steps.length === 0 || steps.length > MAX_PATH_STEPS)
    throw invalidPath();
  let target: unknown = ownValue(operations, first);
  for (const step of steps)
    target = STEP.test(step) && !FORBIDDEN_STEPS.has(step) ? ownValue(target, step) : undefined;
  if (target !== null) throw invalidPath();
}

function ownValue(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function invalidPath(): ApiError {
  return invalid('map', 'A path of map must lead to a null in variables, such as variables.file.');
}

function invalid(field: string, message: string, limit?: number, cause?: unknown): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    message,
    { field, ...(limit !== undefined && { limit }) },
    { cause },
  );
}
