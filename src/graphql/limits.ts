/** What a query may cost, the same at every door: HTTP, SSE and WebSocket. */
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import type { GraphQLError, ValidationContext, ValidationRule } from 'graphql';
import { historyRule } from './history-rule.js';

const MAX_DEPTH = 12;
const MAX_ALIASES = 30;

/** Lexical tokens of a document: GraphiQL's introspection has about 400. */
export const MAX_TOKENS = 4_000;

/** Bytes of a request without a file, and of a WebSocket message. */
export const MAX_REQUEST_BYTES = 256 * 1024;

export const SUBSCRIPTIONS_PER_SOCKET = 1_000;

/** Reported like any other error of validation: one that is thrown passes for a bug of ours, an answer 500. */
const reported = {
  propagateOnRejection: false,
  onReject: [(context: ValidationContext | null, error: GraphQLError) => context?.reportError(error)],
};

export const limitRules: ValidationRule[] = [
  historyRule,
  maxDepthRule({ n: MAX_DEPTH, ignoreIntrospection: true, ...reported }),
  maxAliasesRule({ n: MAX_ALIASES, ...reported }),
];
