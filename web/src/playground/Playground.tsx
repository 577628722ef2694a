import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { webSocketUrl } from '../api/web-socket-url.js';
import { DEV_HEADERS, FIRST_TAB, NO_HEADERS } from './first-tab.js';
import { graphiqlStorage } from './graphiql-storage.js';

/** Opens a socket for each subscription and sends the headers tab in its `connection_init`. */
const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  subscriptionUrl: webSocketUrl('/graphql'),
});

export function Playground({ isDev }: { isDev: boolean }) {
  const headers = isDev ? DEV_HEADERS : NO_HEADERS;
  return (
    <GraphiQL
      fetcher={fetcher}
      storage={graphiqlStorage}
      defaultTabs={[{ query: FIRST_TAB, headers }]}
      defaultHeaders={headers}
      defaultEditorToolsVisibility="headers"
      // A dev token is not a secret; a real token must not reach the browser's storage.
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
