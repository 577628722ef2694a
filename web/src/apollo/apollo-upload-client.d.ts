/**
 * The library's types are JSDoc in .mjs files, which TypeScript reads only with `allowJs`; this is
 * the part of them that we use.
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
