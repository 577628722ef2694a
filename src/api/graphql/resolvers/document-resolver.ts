import { Arg, Ctx, FieldResolver, Float, Int, Resolver, Root } from 'type-graphql';
import type { Document, Progress, StatusEvent } from '../../../documents/document.js';
import type { Context } from '../context.js';
import { assertRange } from '../arguments.js';
import { DocumentType, ProgressType } from '../types/document-type.js';
import { DocumentStatusEventType } from '../types/event-type.js';

const MAX_EVENTS = 500;

@Resolver(() => DocumentType)
export class DocumentResolver {
  @FieldResolver(() => Boolean, {
    description:
      'Whether searches find the document: one complete generation is stored, whatever the status of a newer one.',
  })
  searchable(@Root() document: Document): boolean {
    return document.liveGeneration !== null;
  }

  @FieldResolver(() => Int, {
    nullable: true,
    description:
      'The number of due documents ahead of this one in the queue that all users share; 0 is next. Uploads of other users change it as well. It is read when the field is selected, and no event reports a change. Null unless the document is PENDING and due.',
  })
  queuePosition(
    @Root() document: Document,
    @Ctx() { loaders }: Context,
  ): Promise<number | null> | null {
    return document.status === 'PENDING' ? loaders.queuePosition.load(document.id) : null;
  }

  @FieldResolver(() => Boolean, {
    description:
      'Whether the viewer may cancel the document. Always false, because the schema has no mutation that cancels a document.',
  })
  canCancel(): boolean {
    return false;
  }

  @FieldResolver(() => Boolean, {
    description:
      'Whether the viewer may retry the document. Always false, because the schema has no mutation that retries a document.',
  })
  canRetry(): boolean {
    return false;
  }

  @FieldResolver(() => [DocumentStatusEventType], {
    description: 'The durable events of the document, oldest first.',
  })
  events(
    @Root() document: Document,
    @Ctx() { loaders }: Context,
    @Arg('after', () => Int, {
      defaultValue: 0,
      description: 'Return only events with a higher seq.',
    })
    after: number,
    @Arg('first', () => Int, {
      defaultValue: 50,
      description: 'Maximum number of events to return, 0 to 500.',
    })
    first: number,
  ): Promise<StatusEvent[]> {
    assertRange('first', first, 0, MAX_EVENTS);
    return loaders.events.load({ documentId: document.id, after, first });
  }
}

@Resolver(() => ProgressType)
export class ProgressResolver {
  @FieldResolver(() => Float, {
    description: 'The share of stored chunks, 0 to 100; 0 while the total is unknown.',
  })
  percent(@Root() { done, total }: Progress): number {
    return total === null || total === 0
      ? 0
      : Math.min(100, Math.round((1_000 * done) / total) / 10);
  }
}

@Resolver(() => DocumentStatusEventType)
export class DocumentStatusEventResolver {
  @FieldResolver(() => DocumentType, {
    nullable: true,
    description:
      'The document, never older than this event; a normalised cache updates itself from it. Null if the document is deleted.',
  })
  async document(
    @Root() event: StatusEvent,
    @Ctx() { loaders }: Context,
  ): Promise<Document | null> {
    const document = event.document ?? (await loaders.document.load(event.documentId));
    return document?.status === 'DELETING' ? null : document;
  }
}
