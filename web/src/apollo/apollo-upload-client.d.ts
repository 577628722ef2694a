/**
 * The types of the library that the page uses. The library has JSDoc in .mjs files, which
 * TypeScript reads only with `allowJs`.
 */
declare module 'apollo-upload-client/UploadHttpLink.mjs' {
  import { ApolloLink } from '@apollo/client/link';

  interface UploadHttpLinkOptions {
    uri?: string;
    headers?: Record<string, string>;
    fetch?: typeof fetch;
  }

  export default class UploadHttpLink extends ApolloLink {
    constructor(options?: UploadHttpLinkOptions);
  }
}
