import type { ApolloClient } from '@apollo/client';
import { defer, map, repeat, retry, timer } from 'rxjs';
import type { NewestDocuments } from '../apollo/newest-documents.js';
import { backoffMs } from '../connection/backoff.js';
import type { WatchDocumentsSubscription } from '../gql/graphql.js';
import { createEmitter } from '../ui/store.js';
import { WatchDocuments } from './operations.js';

export type DocumentEvent = WatchDocumentsSubscription['documentStatus'];

export interface DocumentWatch {
  onEvent(listener: (event: DocumentEvent) => void): () => void;
  stop(): void;
}

/**
 * Opens the one subscription of the page: the whole list of the viewer. The socket renews the
 * subscription after an outage. If the server ends it on an open connection, for example because a
 * dependency restarted, this function subscribes again. In both cases the server sends new
 * SNAPSHOTs first.
 */
export function watchDocuments(client: ApolloClient, documents: NewestDocuments): DocumentWatch {
  const events = createEmitter<DocumentEvent>();

  const subscription = defer(() => client.subscribe({ query: WatchDocuments }))
    .pipe(
      map(({ data, error }) => {
        if (!data) throw new Error('The subscription ended with an error.', { cause: error });
        return data.documentStatus;
      }),
      retry({ delay: (_, failures) => timer(backoffMs(failures)), resetOnSuccess: true }),
      repeat({ delay: () => timer(backoffMs(0)) }),
    )
    .subscribe((event) => {
      if (event.status === 'DELETING') documents.forget(event.documentId);
      events.emit(event);
    });

  return {
    onEvent: (listener) => events.on(listener),
    stop: () => subscription.unsubscribe(),
  };
}
