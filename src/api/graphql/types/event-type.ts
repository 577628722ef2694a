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

@ObjectType('DocumentStatusEvent', { description: 'What became of a document, at one moment.' })
export class DocumentStatusEventType {
  @Field(() => StatusEventKindEnum, { description: 'What this event reports.' })
  kind!: StatusEventKind;

  @Field(() => ID, { description: 'The document it is about.' })
  documentId!: string;

  @Field(() => Int, {
    description:
      "The document's seq after this event. A consumer keeps the highest and drops the rest.",
  })
  seq!: number;

  @Field(() => DocumentStatusEnum, { description: 'The status from this event on.' })
  status!: DocumentStatus;

  @Field(() => DocumentStatusEnum, {
    nullable: true,
    description: 'Null in a SNAPSHOT and in the first event of a document.',
  })
  previousStatus!: DocumentStatus | null;

  @Field(() => ProgressType, { description: 'Chunks stored of chunks in all.' })
  progress!: Progress;

  @Field(() => Int, { description: 'Tries within this generation.' })
  attempt!: number;

  @Field(() => Int, { description: 'Which run of the document this is about.' })
  generation!: number;

  @Field(() => ProcessingErrorType, {
    nullable: true,
    description: 'The last failure; null after success.',
  })
  error!: ProcessingError | null;

  @Field(() => Int, { description: 'Objects that answer searches from this event on.' })
  vectorCount!: number;

  @Field(() => String, { description: 'One line for a person.' })
  message!: string;

  @Field(() => DateTime, { description: 'When it happened, by the clock of the database.' })
  occurredAt!: Date;
}
