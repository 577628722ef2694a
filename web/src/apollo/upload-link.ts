import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { xhrFetch, type UploadRequest } from '../api/xhr-fetch.js';

/**
 * Handed over in an operation's `context.fetchOptions`, where the link passes unknown keys on to
 * its fetch.
 */
export type UploadFetchOptions = Pick<UploadRequest, 'onSent'> & { signal: AbortSignal };

const isUpload = (options: object): options is UploadRequest => 'onSent' in options;

const addressOf = (input: RequestInfo | URL): string =>
  input instanceof Request ? input.url : input.toString();

const fetchWithProgress: typeof fetch = (input, options) =>
  options && isUpload(options) ? xhrFetch(addressOf(input), options) : fetch(input, options);

/** The preflight header is what the server's CSRF prevention asks of multipart requests. */
export const createUploadLink = () =>
  new UploadHttpLink({
    uri: '/graphql',
    headers: { 'Apollo-Require-Preflight': 'true' },
    fetch: fetchWithProgress,
  });
