import { Field, Float, ID, Int, ObjectType } from 'type-graphql';
import type {
  DocumentStatus,
  Priority,
  ProcessingError,
  Progress,
} from '../../../documents/document.js';
import { DocumentStatusEnum, PriorityEnum } from './enums.js';
import { DateTime } from './scalars.js';

@ObjectType('Progress', {
  description:
    'The progress of the current generation, in chunks. Within one seq, done never decreases.',
})
export class ProgressType implements Progress {
  @Field(() => Int, { description: 'The number of stored chunks.' })
  done!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'The number of chunks of the document; null until its text has been read.',
  })
  total!: number | null;
}

@ObjectType('ProcessingError', {
  description: 'Why an attempt at processing failed.',
})
export class ProcessingErrorType implements Omit<ProcessingError, 'code' | 'cause'> {
  @Field(() => String, {
    description: 'A stable code, such as ENCRYPTED or EMPTY_TEXT. New codes may be added.',
  })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The code of the last attempt if code is ATTEMPTS_EXHAUSTED; otherwise null.',
  })
  cause!: string | null;

  @Field(() => String, { description: 'Human-readable explanation and suggested fix.' })
  message!: string;

  @Field(() => Boolean, {
    description: 'Whether the system retries automatically.',
  })
  retryable!: boolean;

  @Field(() => DocumentStatusEnum, { description: 'The status in which the attempt failed.' })
  stage!: DocumentStatus;
}

@ObjectType('Document', { description: 'An uploaded file and the state of its processing.' })
export class DocumentType {
  @Field(() => ID, { description: 'A UUID, never reused after the document is deleted.' })
  id!: string;

  @Field(() => String, {
    description: 'The name of the uploaded file, without path and control characters.',
  })
  filename!: string;

  @Field(() => String, {
    description: 'The media type, detected from the content and not taken from the client.',
  })
  mimeType!: string;

  @Field(() => Float, { description: 'The size of the file in bytes.' })
  fileSize!: number;

  @Field(() => String, { description: 'The SHA-256 of the file, in hexadecimal.' })
  contentHash!: string;

  @Field(() => DocumentStatusEnum, { description: 'The state of its processing.' })
  status!: DocumentStatus;

  @Field(() => Int, {
    description:
      'A counter of durable changes, from 1. Progress alone does not increase it: a newer state has a higher (seq, progress.done).',
  })
  seq!: number;

  @Field(() => Int, {
    description:
      'A counter of processings, from 1. A retry or a reprocess by a person increases it; automatic retries do not.',
  })
  generation!: number;

  @Field(() => Int, {
    description: 'The number of attempts in this generation; 0 before the first.',
  })
  attempt!: number;

  @Field(() => Int, {
    description: 'The number of attempts after which a retryable failure becomes FAILED.',
  })
  maxAttempts!: number;

  @Field(() => ProgressType, { description: 'The progress of the current generation.' })
  progress!: Progress;

  @Field(() => ProcessingErrorType, {
    nullable: true,
    description: 'The last failure, also while waiting for the next attempt; null after success.',
  })
  error!: ProcessingError | null;

  @Field(() => Int, { description: 'The number of passages that searches can find now.' })
  vectorCount!: number;

  @Field(() => ID, {
    description: 'The id of the current generation; each generation has a new one.',
  })
  jobId!: string;

  @Field(() => PriorityEnum, { description: 'The requested position in the queue.' })
  priority!: Priority;

  @Field(() => DateTime, {
    nullable: true,
    description: 'The time before which processing does not start; null for at once.',
  })
  scheduledFor!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the next attempt is due; null unless the document waits for one.',
  })
  nextAttemptAt!: Date | null;

  @Field(() => DateTime, { description: 'When the upload was accepted.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When the last durable change was made.' })
  updatedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the first attempt of this generation started; null before.',
  })
  startedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When this generation reached its terminal status; null before.',
  })
  processedAt!: Date | null;
}
