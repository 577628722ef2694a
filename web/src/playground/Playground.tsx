import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { webSocketUrl } from '../api/web-socket-url.js';
import { DEV_HEADERS, FIRST_TAB, NO_HEADERS } from './first-tab.js';
import { playgroundStorage } from './graphiql-storage.js';

/**
 * Each watch opens a socket of its own, whose connection_init carries what stands in the headers
 * tab.
 */
const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  subscriptionUrl: webSocketUrl('/graphql'),
});

export function Playground({ isDev }: { isDev: boolean }) {
  const headers = isDev ? DEV_HEADERS : NO_HEADERS;
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={playgroundStorage}
      defaultTabs={[{ query: FIRST_TAB, headers }]}
      defaultHeaders={headers}
      defaultEditorToolsVisibility="headers"
      // A dev token is no secret; a real one is not written to the browser's storage.
      shouldPersistHeaders={isDev}
      showPersistHeadersSettings={false}
    >
      <GraphiQL.Logo>
        <a href="/" className="playground-home">
          docstream
        </a>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
