/** The security headers of every response. */
import helmet from 'helmet';
import type { RequestHandler } from 'express';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Sources that a page may load from, beside the product itself. */
export type Sources = Partial<Record<'connectSrc' | 'scriptSrc' | 'frameSrc', readonly string[]>>;

const CSP = 'Content-Security-Policy';
/**
 * A host that a policy can name as the source of WebSockets, because older browsers do not apply
 * `'self'` to them. A policy cannot name an IPv6 address in brackets.
 */
const NAMEABLE_HOST = /^[a-z\d][a-z\d.-]{0,252}(:\d{1,5})?$/i;

/**
 * Sets the headers. The policy allows no foreign source and no inline script. It allows inline
 * styles, because the component library sets them on elements.
 */
export function securityHeaders(): RequestHandler {
  const headers = readHeaders(
    helmet({
      contentSecurityPolicy: false,
      strictTransportSecurity: false,
      crossOriginEmbedderPolicy: false,
    }),
  );
  const setPolicy = setContentSecurityPolicy({});
  return (request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    setPolicy(request, response, next);
  };
}

/**
 * Returns the headers that a handler sets. They are the same for every response, so helmet's chain
 * of eleven handlers runs once and not for each response.
 */
function readHeaders(
  handler: (request: IncomingMessage, response: ServerResponse, next: () => void) => void,
): Map<string, string> {
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  handler(request, response, () => undefined);
  return new Map(response.getHeaderNames().map((name) => [name, String(response.getHeader(name))]));
}

/** Sets the policy, with the WebSockets of the requested host and of no other. */
export function setContentSecurityPolicy(sources: Sources): RequestHandler {
  const policy =
    readHeaders(helmet.contentSecurityPolicy(toPolicyOptions(sources))).get(CSP.toLowerCase()) ??
    '';
  return ({ headers: { host } }, response, next) => {
    const ownSockets =
      host !== undefined && NAMEABLE_HOST.test(host) ? ` ws://${host} wss://${host}` : '';
    response.setHeader(
      CSP,
      policy.replace("connect-src 'self'", (self) => self + ownSockets),
    );
    next();
  };
}

function toPolicyOptions({ connectSrc = [], scriptSrc, frameSrc }: Sources) {
  return {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      connectSrc: ["'self'", ...connectSrc],
      ...(scriptSrc && { scriptSrc: ["'self'", ...scriptSrc] }),
      ...(frameSrc && { frameSrc: [...frameSrc] }),
      workerSrc: ["'self'", 'blob:'],
      fontSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'self'"],
      frameAncestors: ["'none'"],
      formAction: ["'self'"],
    },
  };
}
