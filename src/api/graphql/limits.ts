/** The limits of one GraphQL request, over HTTP, SSE and WebSocket (docs/limits.md). */

/** Bytes of a request without a file, or of a WebSocket message. */
export const MAX_REQUEST_BYTES = 256 * 1024;

/** Lexical tokens of a document. The introspection query of GraphiQL has about 400. */
export const MAX_TOKENS = 1_000;
/** Nested brackets in a document, and nested lists and objects in variables. */
export const MAX_NESTING = 32;
/** Nested selections, with fragments expanded. Introspection has its own limits. */
export const MAX_DEPTH = 12;
export const MAX_OPERATIONS = 10;
export const MAX_FRAGMENTS = 50;
export const MAX_VARIABLES = 50;
export const MAX_DIRECTIVES = 50;
export const MAX_DIRECTIVES_PER_NODE = 5;
/**
 * Fields with one response name in one selection, with fragments expanded. The validation rule that
 * merges them compares every pair.
 */
export const MAX_FIELDS_OF_ONE_NAME = 20;
/** Fields as executed: a fragment that is used 30 times counts 30 times. */
export const MAX_FIELDS = 1_000;
/** Aliases as executed. */
export const MAX_ALIASES = 30;
/** `__schema` and `__type` fields as executed. */
export const MAX_INTROSPECTIONS = 1;

/** Cost of an operation, in objects that its response may contain; see operation-cost.ts. */
export const MAX_COST = 20_000;

/** Errors in one response. */
export const MAX_ERRORS = 20;
/** Characters of a word of the client that an error message may repeat. */
export const MAX_ECHO_LENGTH = 80;

/** Queries and mutations that run at once on one WebSocket. */
export const OPERATIONS_PER_SOCKET = 20;
export const SUBSCRIPTIONS_PER_SOCKET = 1_000;
