/**
 * The two fields of a GraphQL multipart request, looked at before the upload library sees them:
 * that library follows the paths of `map` through inherited properties as well, and puts the file
 * wherever they lead.
 */
import { ApiError } from '../../errors.js';
import { assertShallow } from './check-operation.js';
import { MAX_REQUEST_BYTES } from './limits.js';

const MAX_MAP_BYTES = 1_024;
const MAX_PATH_LENGTH = 200;
const MAX_PATH_STEPS = 10;
const STEP = /^(?:[A-Za-z_]\w*|\d{1,4})$/;
const NEVER = new Set(['__proto__', 'constructor', 'prototype']);

export interface MultipartFields {
  /** Throws BAD_USER_INPUT that names the field. `value` may be cut off at the parser's limit. */
  receive(name: string, value: string): void;
}

export function createMultipartFields(): MultipartFields {
  const received = new Set<string>();
  let operations: object = {};

  return {
    receive(name, value) {
      // The library drops fields of other names.
      if (name !== 'operations' && name !== 'map') return;
      if (received.has(name)) throw wrong(name, `${name} must be sent once.`);
      received.add(name);
      if (name === 'operations') operations = parseOperations(value);
      else if (received.has('operations')) assertMap(parseMap(value), operations);
      else throw wrong('map', 'map must follow operations.');
    },
  };
}

function parseOperations(value: string): object {
  const limit = MAX_REQUEST_BYTES;
  if (value.length >= limit)
    throw wrong('operations', `operations must be shorter than ${limit / 1024} KiB.`, limit);
  const operations = parseObject('operations', value);
  assertShallow(operations, 'operations');
  return operations;
}

function parseMap(value: string): object {
  if (value.length > MAX_MAP_BYTES)
    throw wrong('map', `map must be at most ${MAX_MAP_BYTES} bytes long.`, MAX_MAP_BYTES);
  return parseObject('map', value);
}

function parseObject(name: string, value: string): object {
  const parsed = parseJson(name, value);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  throw wrong(name, `${name} must be a JSON object.`);
}

function parseJson(name: string, value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (error) {
    throw wrong(name, `${name} must be JSON.`, undefined, error);
  }
}

/** One file at one place: the one that an `Upload` variable holds with null. */
function assertMap(map: object, operations: object): void {
  const paths = Object.values(map).flatMap((each: unknown): unknown[] =>
    Array.isArray(each) ? each : [undefined],
  );
  if (Object.keys(map).length > 1 || paths.length > 1)
    throw wrong(
      'map',
      'One file a request, at one path: send each with an uploadDocument of its own.',
      1,
    );
  for (const path of paths) assertPath(path, operations);
}

function assertPath(path: unknown, operations: object): void {
  if (typeof path !== 'string' || path.length > MAX_PATH_LENGTH)
    throw wrong('map', 'A path of map must be a string like variables.file.');
  const [first, ...steps] = path.split('.');
  if (first !== 'variables' || steps.length === 0 || steps.length > MAX_PATH_STEPS)
    throw leadsNowhere();
  let place: unknown = ownValue(operations, first);
  for (const step of steps)
    place = STEP.test(step) && !NEVER.has(step) ? ownValue(place, step) : undefined;
  if (place !== null) throw leadsNowhere();
}

function ownValue(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}

function leadsNowhere(): ApiError {
  return wrong('map', 'A path of map must lead to a null in variables, such as variables.file.');
}

function wrong(field: string, message: string, limit?: number, cause?: unknown): ApiError {
  return new ApiError(
    'BAD_USER_INPUT',
    message,
    { field, ...(limit !== undefined && { limit }) },
    { cause },
  );
}
