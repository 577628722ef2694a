/**
 * What one GraphQL request may ask for, the same at every endpoint: HTTP, GET, SSE and WebSocket
 * (docs/limits.md).
 */

/** Bytes of a request without a file, and of a WebSocket message. */
export const MAX_REQUEST_BYTES = 256 * 1024;

/** Lexical tokens of a document: GraphiQL's introspection has about 400. */
export const MAX_TOKENS = 1_000;
/**
 * Brackets, braces and parentheses within each other, and lists and objects within each other in
 * variables.
 */
export const MAX_NESTING = 32;
/** Selections within each other, fragments followed; introspection has limits of its own. */
export const MAX_DEPTH = 12;
export const MAX_OPERATIONS = 10;
export const MAX_FRAGMENTS = 50;
export const MAX_VARIABLES = 50;
export const MAX_DIRECTIVES = 50;
export const MAX_DIRECTIVES_IN_ONE_PLACE = 5;
/**
 * Fields with one response name in one selection, fragments expanded: the rule that merges them
 * compares every pair.
 */
export const MAX_FIELDS_OF_ONE_NAME = 20;
/** As executed: a fragment that is used 30 times counts 30 times. */
export const MAX_FIELDS = 1_000;
/** As executed. */
export const MAX_ALIASES = 30;
/** `__schema` and `__type`, as executed. */
export const MAX_INTROSPECTIONS = 1;

/**
 * Objects that a response may hold, lists multiplied; a search and a count have a price in objects.
 * See operation-cost.ts.
 */
export const MAX_COST = 20_000;

/**
 * Errors in one response, and the longest word of a client that each of them repeats, in
 * characters.
 */
export const MAX_ERRORS = 20;
export const MAX_ECHO_LENGTH = 80;

/** Queries and mutations that run at once on one WebSocket. */
export const OPERATIONS_PER_SOCKET = 20;
export const SUBSCRIPTIONS_PER_SOCKET = 1_000;
