import { Arg, Ctx, ID, Int, Resolver, Root, Subscription } from 'type-graphql';
import { documentNotFound, isDocumentId } from '../../../documents/document-id.js';
import type { StatusEvent } from '../../../documents/document.js';
import { ApiError } from '../../../errors.js';
import type { StatusStream } from '../../../status/hub.js';
import { requireViewer } from '../../auth/authenticate.js';
import { assertArguments } from '../arguments.js';
import type { Context } from '../context.js';
import { DocumentStatusEventType } from '../types/event-type.js';

interface Watch {
  documentId?: string | null;
  afterSeq?: number | null;
  completeOnTerminal: boolean;
}

/** What a list shows of the past when watching begins. */
const LIST_WINDOW_MS = 60 * 60 * 1_000;

@Resolver()
export class SubscriptionResolver {
  @Subscription(() => DocumentStatusEventType, {
    subscribe: ({ args, context }) => openStream(args as Watch, context as Context),
    description: `The current state first, then everything newer, never anything older. Without documentId: the viewer's list; first a SNAPSHOT for every unfinished document and for those changed in the last hour (at most 1,000, newest first), then every change of any of them, new ones included.
afterSeq and completeOnTerminal need documentId (else BAD_USER_INPUT). A client that resubscribes by itself should leave afterSeq out. An unknown id or somebody else's: DOCUMENT_NOT_FOUND. Ends after DELETING.`,
  })
  documentStatus(
    @Root() event: StatusEvent,
    @Ctx() context: Context,
    @Arg('documentId', () => ID, {
      nullable: true,
      description: 'Only this document; left out: the whole list.',
    })
    _documentId?: string | null,
    @Arg('afterSeq', () => Int, {
      nullable: true,
      description:
        'Instead of the SNAPSHOT every durable CHANGE after it, in order, then live; in the future: a SNAPSHOT.',
    })
    _afterSeq?: number | null,
    @Arg('completeOnTerminal', () => Boolean, {
      defaultValue: false,
      description: 'Ends once the current generation is terminal, at once if it is already.',
    })
    _completeOnTerminal?: boolean,
  ): StatusEvent {
    // One context serves the whole subscription: what a loader has read for one event is too old
    // for the next.
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
    return hub.watchUser({ userId, changedSince: new Date(Date.now() - LIST_WINDOW_MS) });
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
  if (afterSeq !== null && afterSeq !== undefined) throw needsDocument('afterSeq');
  if (completeOnTerminal) throw needsDocument('completeOnTerminal');
}

function needsDocument(field: string): ApiError {
  return new ApiError('BAD_USER_INPUT', `${field} needs documentId.`, { field });
}
