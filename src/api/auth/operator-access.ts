import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * Headers by which proxies and content delivery networks name a client, or themselves: whole names,
 * beginnings, and endings.
 */
const PROXY_HEADERS = [
  /^(via|forwarded|forwarded-for|proxy-connection|cdn-loop|x-varnish|x-scheme|x-url-scheme|x-coming-from|front-end-https|surrogate-.*)$/,
  /^(x-forwarded|x-original|x-real-|x-proxy|x-envoy-|x-haproxy-|x-amzn-|x-amz-cf-|x-azure-|x-arr-|x-appengine-|x-cloud-trace)/,
  /^(x-goog-|x-nf-|x-vercel-|x-akamai-|x-bluecoat-|x-ssl-|cf-|fly-|fastly-|akamai-|incap-|true-client-)/,
  /(client-?ip|connecting-ip|real-ip|remote-ip|remote-addr|user-ip|src-ip|source-ip)$/,
];

/**
 * Returns true if the request may see what is for operators: it comes from this machine, or names
 * the token. The address of the connection and a loopback Host show that it comes from here; the
 * header of a proxy takes that away, because its client may be anywhere.
 */
export function isOperator(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  operationsToken: string | null,
): boolean {
  const { headers, socket } = request;
  const isDirect = isLoopback(socket.remoteAddress ?? '') && isLoopbackHost(headers.host);
  if (isDirect && !Object.keys(headers).some(isOfProxy)) return true;
  return (
    operationsToken !== null && isSame(headers.authorization ?? '', `Bearer ${operationsToken}`)
  );
}

/** Returns true if the Host header names this machine. */
export function isLoopbackHost(host: string | undefined): boolean {
  return LOOPBACK_HOST.test(host ?? '');
}

function isOfProxy(name: string): boolean {
  return PROXY_HEADERS.some((pattern) => pattern.test(name));
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
