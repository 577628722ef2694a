import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { Document, DocumentStatus, Priority } from '../../../documents/document.js';
import { DocumentType } from './document-type.js';
import { DocumentStatusEnum, PriorityEnum } from './enums.js';
import { DateTime } from './scalars.js';

@ObjectType('Viewer', { description: 'Whoever the token names.' })
export class ViewerType {
  @Field(() => ID, { description: 'The user id.' })
  id!: string;

  @Field(() => String, { nullable: true, description: 'Where the identity provider tells it.' })
  email!: string | null;

  @Field(() => Boolean, { description: 'May use the operations for administrators.' })
  isAdmin!: boolean;
}

@ObjectType('Limits', { description: 'What is taken, and how much of it.' })
export class LimitsType {
  @Field(() => Float, { description: 'Bytes of one file, at most.' })
  maxUploadBytes!: number;

  @Field(() => [String], { description: 'Formats that are read.' })
  mimeTypes!: string[];

  @Field(() => Int, {
    nullable: true,
    description: 'Documents the viewer may have; null for no limit.',
  })
  maxDocuments!: number | null;

  @Field(() => Int, { description: 'Documents the viewer has.' })
  documents!: number;
}

@InputType('DocumentFilter', {
  description: 'Which documents to list; every part given must match.',
})
export class DocumentFilterInput {
  @Field(() => [DocumentStatusEnum], {
    nullable: true,
    description: 'In one of these. An empty list is no filter.',
  })
  status?: DocumentStatus[] | null;

  @Field(() => String, { nullable: true, description: 'Contained in the file name, in any case.' })
  filename?: string | null;
}

@ObjectType('DocumentEdge', { description: 'A document in the list.' })
export class DocumentEdgeType {
  @Field(() => String, { description: 'Its place, for `after`.' })
  cursor!: string;

  @Field(() => DocumentType, { description: 'The document.' })
  node!: Document;
}

@ObjectType('PageInfo', { description: 'Where a page lies in its list.' })
export class PageInfoType {
  @Field(() => Boolean, { description: 'There is more after endCursor.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'There is something before startCursor.' })
  hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Place of the first; null when the page is empty.',
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Place of the last; null when the page is empty.',
  })
  endCursor!: string | null;
}

@ObjectType('DocumentConnection', { description: 'A page of documents.' })
export class DocumentConnectionType {
  @Field(() => [DocumentEdgeType], { description: 'Newest first.' })
  edges!: DocumentEdgeType[];

  @Field(() => PageInfoType, { description: 'Where this page lies.' })
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'Documents that match, over all pages.' })
  totalCount!: number;
}

@ObjectType('DocumentCount', { description: 'How many documents are in a status.' })
export class DocumentCountType {
  @Field(() => DocumentStatusEnum, { description: 'The status.' })
  status!: DocumentStatus;

  @Field(() => Int, { description: 'Documents in it.' })
  count!: number;
}

/**
 * Simple: a search returns thousands of them, and a resolver of ours for each field would block the
 * loop for a second.
 */
@ObjectType('Highlight', { description: 'A stretch of a passage.', simpleResolvers: true })
export class HighlightType {
  @Field(() => Int, { description: 'First character, from 0.' })
  start!: number;

  @Field(() => Int, { description: 'The character after the last.' })
  end!: number;
}

@ObjectType('SearchHit', { description: 'A passage that answers a search.' })
export class SearchHitType {
  @Field(() => DocumentType, { description: 'Where the passage stands.' })
  document!: Document;

  @Field(() => String, { description: 'The passage.' })
  text!: string;

  @Field(() => [HighlightType], {
    description:
      'Characters of text that match the words of the query: of its first 32 distinct words. At most 200 stretches of a passage, and 3,000 divided by the number of hits.',
  })
  highlights!: HighlightType[];

  @Field(() => Float, { description: '0 to 1, comparable within one answer.' })
  score!: number;

  @Field(() => Int, { name: 'chunkIndex', description: 'Which passage of its document, from 0.' })
  index!: number;

  @Field(() => Int, { nullable: true, description: 'From 1; null where the format has no pages.' })
  page!: number | null;

  @Field(() => Int, { description: 'Characters in the extracted text: the first of the passage.' })
  charStart!: number;

  @Field(() => Int, { description: 'Characters in the extracted text: the one after the last.' })
  charEnd!: number;
}

@InputType('UploadOptions', { description: 'How a file is to be processed.' })
export class UploadOptionsInput {
  @Field(() => PriorityEnum, {
    defaultValue: PriorityEnum.NORMAL,
    description: 'Place in the queue.',
  })
  priority!: Priority;

  @Field(() => DateTime, { nullable: true, description: 'Not before this time. In the past: now.' })
  scheduledFor?: Date | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description: 'Process even if this user already has the same bytes.',
  })
  force!: boolean;
}

@ObjectType('UploadDocumentPayload', {
  description:
    'When this user has the same bytes in a document that is unfinished or COMPLETED, document is that one, duplicateOf its id, and no work is done. Two at once make one document. After FAILED or CANCELLED, or with force, a new document is made.',
})
export class UploadDocumentPayloadType {
  @Field(() => DocumentType, {
    description: 'The document that was made, or the one that was there.',
  })
  document!: Document;

  @Field(() => ID, {
    nullable: true,
    description: 'Id of the document with the same bytes; null for a new one.',
  })
  duplicateOf!: string | null;
}

@ObjectType('DeleteDocumentPayload', { description: 'What was deleted.' })
export class DeleteDocumentPayloadType {
  @Field(() => ID, { description: 'The id that names nothing any more.' })
  id!: string;
}
