import { Field, ID, Int, ObjectType } from 'type-graphql';
import type {
  DocumentStatus,
  ProcessingError,
  Progress,
  StatusEventKind,
} from '../../../documents/document.js';
import { ProcessingErrorType, ProgressType } from './document-type.js';
import { DocumentStatusEnum, StatusEventKindEnum } from './enums.js';
import { DateTime } from './scalars.js';

@ObjectType('DocumentStatusEvent', { description: 'The state of a document at one moment.' })
export class DocumentStatusEventType {
  @Field(() => StatusEventKindEnum, {
    description: 'Whether the event reports a state, a change or progress.',
  })
  kind!: StatusEventKind;

  @Field(() => ID, { description: 'The id of the document.' })
  documentId!: string;

  @Field(() => Int, {
    description:
      'The seq of the document after this event. A consumer keeps the highest and ignores events with a lower one.',
  })
  seq!: number;

  @Field(() => DocumentStatusEnum, { description: 'The status after this event.' })
  status!: DocumentStatus;

  @Field(() => DocumentStatusEnum, {
    nullable: true,
    description:
      'The status before this event; null in a SNAPSHOT and in the first event of a document.',
  })
  previousStatus!: DocumentStatus | null;

  @Field(() => ProgressType, { description: 'The progress after this event.' })
  progress!: Progress;

  @Field(() => Int, { description: 'The number of attempts in this generation.' })
  attempt!: number;

  @Field(() => Int, { description: 'The generation of the document that the event belongs to.' })
  generation!: number;

  @Field(() => ProcessingErrorType, {
    nullable: true,
    description: 'The last failure; null after success.',
  })
  error!: ProcessingError | null;

  @Field(() => Int, {
    description: 'The number of passages that searches can find after this event.',
  })
  vectorCount!: number;

  @Field(() => String, { description: 'A human-readable description of the event, in one line.' })
  message!: string;

  @Field(() => DateTime, { description: 'When the event happened, by the clock of the database.' })
  occurredAt!: Date;
}
