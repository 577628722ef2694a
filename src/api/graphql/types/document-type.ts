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
    'Chunks stored of chunks in all; total is null until it is known. Within one seq, done never falls.',
})
export class ProgressType implements Progress {
  @Field(() => Int, { description: 'Chunks that are stored.' })
  done!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'Chunks in all; null until the text has been read.',
  })
  total!: number | null;
}

@ObjectType('ProcessingError', {
  description:
    'Why processing failed. retryable: the system tries again by itself. cause: the code behind ATTEMPTS_EXHAUSTED.',
})
export class ProcessingErrorType implements Omit<ProcessingError, 'code' | 'cause'> {
  @Field(() => String, {
    description: 'A stable code, such as ENCRYPTED or EMPTY_TEXT. New codes may be added.',
  })
  code!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The code of the last try, where code is ATTEMPTS_EXHAUSTED.',
  })
  cause!: string | null;

  @Field(() => String, { description: 'The thing and the cure, for a person.' })
  message!: string;

  @Field(() => Boolean, {
    description: 'The system tries again by itself. A person may retry any FAILED document.',
  })
  retryable!: boolean;

  @Field(() => DocumentStatusEnum, { description: 'The status in which it failed.' })
  stage!: DocumentStatus;
}

@ObjectType('Document', { description: 'An uploaded file and how far it is.' })
export class DocumentType {
  @Field(() => ID, { description: 'A UUID, never used again after the document is gone.' })
  id!: string;

  @Field(() => String, {
    description: 'The name it was uploaded under, without path and control characters.',
  })
  filename!: string;

  @Field(() => String, {
    description: 'What the file is by its first bytes, whatever the client said.',
  })
  mimeType!: string;

  @Field(() => Float, { description: 'Bytes.' })
  fileSize!: number;

  @Field(() => String, { description: 'SHA-256, hex.' })
  contentHash!: string;

  @Field(() => DocumentStatusEnum, { description: 'How far it is.' })
  status!: DocumentStatus;

  @Field(() => Int, {
    description:
      'From 1, one more with every durable change. Progress alone does not raise it: newer means higher (seq, progress.done).',
  })
  seq!: number;

  @Field(() => Int, {
    description: 'From 1, one more with every retry or reprocess that a person asks for.',
  })
  generation!: number;

  @Field(() => Int, { description: 'Tries within this generation: 0 before the first claim.' })
  attempt!: number;

  @Field(() => Int, { description: 'Tries after which a retryable failure becomes FAILED.' })
  maxAttempts!: number;

  @Field(() => ProgressType, { description: 'Chunks stored of chunks in all.' })
  progress!: Progress;

  @Field(() => ProcessingErrorType, {
    nullable: true,
    description: 'The last failure, also while waiting for the next try; null after success.',
  })
  error!: ProcessingError | null;

  @Field(() => Int, { description: 'Objects that answer searches now.' })
  vectorCount!: number;

  @Field(() => ID, { description: 'New with each generation.' })
  jobId!: string;

  @Field(() => PriorityEnum, { description: 'Place in the queue as it was asked for.' })
  priority!: Priority;

  @Field(() => DateTime, { nullable: true, description: 'Not before this time.' })
  scheduledFor!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the next try is due, while waiting for one.',
  })
  nextAttemptAt!: Date | null;

  @Field(() => DateTime, { description: 'When the upload was accepted.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When the last durable change was made.' })
  updatedAt!: Date;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When a worker first took it, in this generation.',
  })
  startedAt!: Date | null;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it reached its terminal status; null before.',
  })
  processedAt!: Date | null;
}
