import { Arg, Ctx, ID, Int, Resolver, Root, Subscription } from 'type-graphql';
import { documentNotFound, isDocumentId } from '../../../documents/document-id.js';
import type { StatusEvent } from '../../../documents/document.js';
import { ApiError } from '../../../errors.js';
import type { StatusStream } from '../../../status/hub.js';
import { requireViewer } from '../../auth/require-viewer.js';
import { assertArguments } from '../arguments.js';
import type { Context } from '../context.js';
import { DocumentStatusEventType } from '../types/event-type.js';

interface Watch {
  documentId?: string | null;
  afterSeq?: number | null;
  completeOnTerminal: boolean;
}

/** A watched list starts with the documents that changed in the last hour. */
const LIST_LOOKBACK_MS = 60 * 60 * 1_000;

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => DocumentStatusEventType, {
    subscribe: ({ args, context }) => openStream(args as Watch, context as Context),
    description: `The current state first, then every newer event, and never an older one.
With documentId: the events of one document. The stream ends after DELETING. The error is DOCUMENT_NOT_FOUND if the document does not exist or belongs to another user.
Without documentId: the events of all documents of the viewer, including new ones. The stream starts with a SNAPSHOT of every unfinished document and of those that changed in the last hour, at most 1,000, newest first.`,
  })
  documentStatus(
    @Root() event: StatusEvent,
    @Ctx() context: Context,
    @Arg('documentId', () => ID, {
      nullable: true,
      description: 'The document to watch; null for all documents of the viewer.',
    })
    _documentId?: string | null,
    @Arg('afterSeq', () => Int, {
      nullable: true,
      description:
        'Replaces the SNAPSHOT by every durable CHANGE with a higher seq, in order. A seq that the document has not reached yields a SNAPSHOT. Requires documentId. A client that resubscribes automatically should omit it.',
    })
    _afterSeq?: number | null,
    @Arg('completeOnTerminal', () => Boolean, {
      defaultValue: false,
      description:
        'Ends the stream when the current generation is terminal, also if it already is. Requires documentId.',
    })
    _completeOnTerminal?: boolean,
  ): StatusEvent {
    // One context serves the whole subscription, so results of the event before are outdated.
    context.loaders.document.clearAll();
    context.loaders.queuePosition.clearAll();
    context.loaders.events.clearAll();
    return event;
  }
}

async function openStream(watch: Watch, context: Context): Promise<StatusStream> {
  const { hub } = context.services;
  const userId = requireViewer(context).id;
  assertArguments({ ...watch });
  const documentId = watch.documentId ?? null;
  if (documentId === null) {
    assertList(watch);
    return hub.watchUser({ userId, changedSince: new Date(Date.now() - LIST_LOOKBACK_MS) });
  }
  const afterSeq = watch.afterSeq ?? undefined;
  const options = {
    userId,
    documentId: documentId.toLowerCase(),
    completeOnTerminal: watch.completeOnTerminal,
    ...(afterSeq !== undefined && { afterSeq }),
  };
  const stream = isDocumentId(documentId) ? await hub.watchDocument(options) : null;
  if (stream === null) throw documentNotFound();
  return stream;
}

function assertList({ afterSeq, completeOnTerminal }: Watch): void {
  if (afterSeq !== null && afterSeq !== undefined) throw requiresDocument('afterSeq');
  if (completeOnTerminal) throw requiresDocument('completeOnTerminal');
}

function requiresDocument(field: string): ApiError {
  return new ApiError('BAD_USER_INPUT', `${field} requires documentId.`, { field });
}
