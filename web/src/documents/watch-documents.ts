import type { ApolloClient } from '@apollo/client';
import { defer, map, repeat, retry, timer } from 'rxjs';
import type { NewestDocuments } from '../apollo/newest-documents.js';
import { backoffMs } from '../connection/backoff.js';
import type { WatchDocumentsSubscription } from '../gql/graphql.js';
import { WatchDocuments } from './operations.js';

export type DocumentEvent = WatchDocumentsSubscription['documentStatus'];

export interface DocumentWatch {
  onEvent(listener: (event: DocumentEvent) => void): () => void;
  stop(): void;
}

/**
 * The one subscription of the page: the viewer's whole list. The socket subscribes again after an
 * outage by itself; when the server ends the subscription while the line stands (a restart of a
 * part, an error), it is begun anew here. Either way fresh SNAPSHOTs come first.
 */
export function watchDocuments(client: ApolloClient, documents: NewestDocuments): DocumentWatch {
  const listeners = new Set<(event: DocumentEvent) => void>();

  const subscription = defer(() => client.subscribe({ query: WatchDocuments }))
    .pipe(
      map(({ data, error }) => {
        if (!data) throw new Error('The watch ended with an error.', { cause: error });
        return data.documentStatus;
      }),
      retry({ delay: (_, failures) => timer(backoffMs(failures)), resetOnSuccess: true }),
      repeat({ delay: () => timer(backoffMs(0)) }),
    )
    .subscribe((event) => {
      if (event.status === 'DELETING') documents.forget(event.documentId);
      for (const listener of listeners) listener(event);
    });

  return {
    onEvent: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => subscription.unsubscribe(),
  };
}
