import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/**
 * Headers in which proxies and content delivery networks name a client, or themselves: whole names,
 * prefixes and suffixes.
 */
const PROXY_HEADERS = [
  /^(via|forwarded|forwarded-for|proxy-connection|cdn-loop|x-varnish|x-scheme|x-url-scheme|x-coming-from|front-end-https|surrogate-.*)$/,
  /^(x-forwarded|x-original|x-real-|x-proxy|x-envoy-|x-haproxy-|x-amzn-|x-amz-cf-|x-azure-|x-arr-|x-appengine-|x-cloud-trace)/,
  /^(x-goog-|x-nf-|x-vercel-|x-akamai-|x-bluecoat-|x-ssl-|cf-|fly-|fastly-|akamai-|incap-|true-client-)/,
  /(client-?ip|connecting-ip|real-ip|remote-ip|remote-addr|user-ip|src-ip|source-ip)$/,
];

/**
 * Returns true if the request comes from an operator: directly from this machine, or with
 * `operationsToken` as its bearer token. A direct request has a loopback address and a loopback
 * Host, and no header of a proxy, because the client of a proxy may be anywhere.
 */
export function isOperator(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  operationsToken: string | null,
): boolean {
  const { headers, socket } = request;
  const isDirect = isLoopbackAddress(socket.remoteAddress ?? '') && isLoopbackHost(headers.host);
  if (isDirect && !Object.keys(headers).some(isProxyHeader)) return true;
  return (
    operationsToken !== null && isEqual(headers.authorization ?? '', `Bearer ${operationsToken}`)
  );
}

/** Returns true if the Host header names the loopback interface. */
export function isLoopbackHost(host: string | undefined): boolean {
  return LOOPBACK_HOST.test(host ?? '');
}

function isProxyHeader(name: string): boolean {
  return PROXY_HEADERS.some((pattern) => pattern.test(name));
}

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || address.replace(/^::ffff:/, '').startsWith('127.');
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
