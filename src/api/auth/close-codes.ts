/**
 * Close codes of both WebSocket protocols. What a client does with each is documented in
 * docs/api.md.
 */

/** Clients do not reconnect: they must sign in. */
export const CLOSE_UNAUTHENTICATED = 4401;
/** Clients refresh their token and reconnect. */
export const CLOSE_EXPIRED = 4403;
/** Clients correct their messages before they reconnect. */
export const CLOSE_BAD_REQUEST = 4400;
/** Too much at once, or a service that does not respond: clients reconnect later. */
export const CLOSE_TRY_AGAIN = 1013;
/** A client that ignores the limits of the protocol. */
export const CLOSE_POLICY = 1008;
