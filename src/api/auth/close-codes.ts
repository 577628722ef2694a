/** Close codes of both WebSocket protocols. docs/api.md says what a client does after each. */

/** The token is missing or invalid: clients sign in again before they reconnect. */
export const CLOSE_UNAUTHENTICATED = 4401;
/** The token has expired: clients refresh it and reconnect. */
export const CLOSE_EXPIRED = 4403;
/** A message was invalid: clients correct it before they reconnect. */
export const CLOSE_BAD_REQUEST = 4400;
/** A limit was reached, or a dependency does not respond: clients reconnect later. */
export const CLOSE_TRY_AGAIN = 1013;
/** The client exceeded a limit of the protocol. */
export const CLOSE_POLICY = 1008;
/** The process is stopping: clients reconnect, to this process after a restart or to another. */
export const CLOSE_RESTARTING = 1012;
/** An unexpected error of the server: clients reconnect. */
export const CLOSE_INTERNAL_ERROR = 1011;
