/** Responses of every API, and the problems in them. */
import { KNOWN_CLOSE_CODES, KNOWN_CODES, KNOWN_STATUSES } from './known.js';

export interface HttpResponse {
  kind: 'http';
  /** 0 if no response came. */
  status: number;
  text: string;
  /** The code of the error if no response came. */
  problem: string;
}

export interface SocketResponse {
  kind: 'socket';
  /** The text messages that the service sent. */
  messages: string[];
  /** Null while the socket is open. */
  closeCode: number | null;
}

export interface DocumentOutcome {
  kind: 'document';
  id: string;
  status: string;
  /** The code of the last failure; null without one. */
  code: string | null;
}

export type FuzzResponse = HttpResponse | SocketResponse | DocumentOutcome;

const TERMINAL = new Set(['COMPLETED', 'FAILED', 'CANCELLED']);
/** The service may respond before the end of a body and close the connection. */
const KNOWN_PROBLEMS = new Set(['ECONNRESET', 'EPIPE', 'broken off by the client']);

/** Returns a description of each broken invariant. */
export function problemsOf(response: FuzzResponse): string[] {
  switch (response.kind) {
    case 'http':
      return httpProblems(response);
    case 'socket':
      return socketProblems(response);
    case 'document':
      return documentProblems(response);
  }
}

function httpProblems({ status, text, problem }: HttpResponse): string[] {
  if (status === 0) return KNOWN_PROBLEMS.has(problem) ? [] : [`no response: ${problem}`];
  const codes = codesIn(text);
  const unknown = [
    ...unknownCodes(codes),
    ...(KNOWN_STATUSES.has(status) ? [] : [`HTTP status ${status}`]),
  ];
  const uncoded =
    status >= 400 && status !== 431 && codes.length === 0
      ? [`HTTP status ${status} without a code: ${text.slice(0, 200)}`]
      : [];
  return [...unknown, ...uncoded];
}

function socketProblems({ messages, closeCode }: SocketResponse): string[] {
  const closed =
    closeCode === null || KNOWN_CLOSE_CODES.has(closeCode) ? [] : [`close code ${closeCode}`];
  return [...closed, ...unknownCodes(messages.flatMap(codesIn))];
}

function documentProblems({ id, status, code }: DocumentOutcome): string[] {
  const unfinished = TERMINAL.has(status) ? [] : [`document ${id} is ${status} and does not end`];
  return [...unfinished, ...unknownCodes(code === null ? [] : [code])];
}

function unknownCodes(codes: readonly string[]): string[] {
  return [...new Set(codes)]
    .filter((code) => !KNOWN_CODES.has(code))
    .map((code) => `unexpected code ${code}`);
}

/**
 * Returns the error codes in a response of GraphQL, REST, a WebSocket, or an event stream, whose
 * events contain JSON as well.
 */
export function codesIn(text: string): string[] {
  const bodies =
    text.startsWith('{') || text.startsWith('[')
      ? [text]
      : [...text.matchAll(/^data: (.+)$/gm)].map(([, data]) => data ?? '');
  return bodies.flatMap((body) => {
    try {
      return codesOf(JSON.parse(body));
    } catch {
      return [];
    }
  });
}

function codesOf(body: unknown): string[] {
  if (Array.isArray(body)) return body.flatMap(codesOf);
  if (!isRecord(body)) return [];
  const { error, errors, payload, data, type, extensions } = body;
  const ownCodes = [
    isRecord(error) ? error['code'] : undefined,
    isRecord(extensions) ? (extensions['code'] ?? 'no code') : undefined,
  ];
  const plainCodes = type === 'error' && isRecord(data) ? [data['code']] : [];
  const codes = [...ownCodes, ...plainCodes].filter((code) => code !== undefined).map(String);
  return [...codes, ...codesOf(errors), ...codesOf(payload)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
