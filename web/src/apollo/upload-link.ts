import UploadHttpLink from 'apollo-upload-client/UploadHttpLink.mjs';
import { xhrFetch, type UploadRequest } from '../api/xhr-fetch.js';

/** The `context.fetchOptions` of an upload. The link passes unknown keys on to its `fetch`. */
export type UploadFetchOptions = Pick<UploadRequest, 'onSent'> & { signal: AbortSignal };

const isUpload = (options: object): options is UploadRequest => 'onSent' in options;

const urlOf = (input: RequestInfo | URL): string =>
  input instanceof Request ? input.url : input.toString();

const fetchWithProgress: typeof fetch = (input, options) =>
  options && isUpload(options) ? xhrFetch(urlOf(input), options) : fetch(input, options);

/** The server's CSRF prevention requires the preflight header for multipart requests. */
export function createUploadLink() {
  return new UploadHttpLink({
    uri: '/graphql',
    headers: { 'Apollo-Require-Preflight': 'true' },
    fetch: fetchWithProgress,
  });
}
