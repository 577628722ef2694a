import { Field, Float, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { Document, DocumentStatus, Priority } from '../../../documents/document.js';
import { DocumentType } from './document-type.js';
import { DocumentStatusEnum, PriorityEnum } from './enums.js';
import { DateTime } from './scalars.js';

@ObjectType('Viewer', { description: 'The authenticated user.' })
export class ViewerType {
  @Field(() => ID, { description: 'The id of the user.' })
  id!: string;

  @Field(() => String, {
    nullable: true,
    description: 'The email address; null if the identity provider has none.',
  })
  email!: string | null;

  @Field(() => Boolean, {
    description:
      'Whether the user is an administrator. The schema has no operation for administrators only.',
  })
  isAdmin!: boolean;
}

@ObjectType('Limits', { description: 'Upload limits and usage.' })
export class LimitsType {
  @Field(() => Float, { description: 'The maximum size of a file in bytes.' })
  maxUploadBytes!: number;

  @Field(() => [String], { description: 'The media types of the supported formats.' })
  mimeTypes!: string[];

  @Field(() => Int, {
    nullable: true,
    description:
      'The maximum number of documents of the viewer. Always null, because there is no such limit.',
  })
  maxDocuments!: number | null;

  @Field(() => Int, { description: 'The number of documents of the viewer.' })
  documents!: number;
}

@InputType('DocumentFilter', {
  description: 'Which documents to list. A document must match every field that is set.',
})
export class DocumentFilterInput {
  @Field(() => [DocumentStatusEnum], {
    nullable: true,
    description: 'Only documents in one of these statuses; all statuses if the list is empty.',
  })
  status?: DocumentStatus[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'Only documents whose file name contains this text, in any case.',
  })
  filename?: string | null;
}

@ObjectType('DocumentEdge', { description: 'A document of a page.' })
export class DocumentEdgeType {
  @Field(() => String, { description: 'The position of the document, for `after`.' })
  cursor!: string;

  @Field(() => DocumentType, { description: 'The document.' })
  node!: Document;
}

@ObjectType('PageInfo', { description: 'The position of a page in its list.' })
export class PageInfoType {
  @Field(() => Boolean, { description: 'Whether there are documents after endCursor.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Whether there are documents before startCursor.' })
  hasPreviousPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the first document; null if the page is empty.',
  })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor of the last document; null if the page is empty.',
  })
  endCursor!: string | null;
}

@ObjectType('DocumentConnection', { description: 'A page of documents.' })
export class DocumentConnectionType {
  @Field(() => [DocumentEdgeType], { description: 'The documents of the page, newest first.' })
  edges!: DocumentEdgeType[];

  @Field(() => PageInfoType, { description: 'The position of this page.' })
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'The number of matching documents on all pages.' })
  totalCount!: number;
}

@ObjectType('DocumentCount', { description: 'The number of documents in a status.' })
export class DocumentCountType {
  @Field(() => DocumentStatusEnum, { description: 'The status.' })
  status!: DocumentStatus;

  @Field(() => Int, { description: 'The number of documents in this status.' })
  count!: number;
}

/**
 * Uses simple resolvers: a search returns thousands of highlights, and a middleware for each of
 * their fields would block the event loop for about 1 s.
 */
@ObjectType('Highlight', {
  description: 'A range of characters in a passage.',
  simpleResolvers: true,
})
export class HighlightType {
  @Field(() => Int, { description: 'The index of the first character, from 0.' })
  start!: number;

  @Field(() => Int, { description: 'The index after the last character.' })
  end!: number;
}

@ObjectType('SearchHit', { description: 'A passage that a search found.' })
export class SearchHitType {
  @Field(() => DocumentType, { description: 'The document that contains the passage.' })
  document!: Document;

  @Field(() => String, { description: 'The text of the passage.' })
  text!: string;

  @Field(() => [HighlightType], {
    description:
      'The ranges of text that match one of the first 32 distinct words of the query. At most 200 ranges, or 3,000 divided by the number of hits if that is less.',
  })
  highlights!: HighlightType[];

  @Field(() => Float, { description: 'The relevance, 0 to 1, comparable within one response.' })
  score!: number;

  @Field(() => Int, {
    name: 'chunkIndex',
    description: 'The index of the passage in its document, from 0.',
  })
  index!: number;

  @Field(() => Int, {
    nullable: true,
    description: 'The page, from 1; null if the format has no pages.',
  })
  page!: number | null;

  @Field(() => Int, {
    description: 'The index of the first character of the passage in the extracted text.',
  })
  charStart!: number;

  @Field(() => Int, {
    description: 'The index after the last character of the passage in the extracted text.',
  })
  charEnd!: number;
}

@InputType('UploadOptions', { description: 'How to process a file.' })
export class UploadOptionsInput {
  @Field(() => PriorityEnum, {
    defaultValue: PriorityEnum.NORMAL,
    description: 'The position in the queue.',
  })
  priority!: Priority;

  @Field(() => DateTime, {
    nullable: true,
    description:
      'The time before which processing does not start. A time in the past, or null, means at once.',
  })
  scheduledFor?: Date | null;

  @Field(() => Boolean, {
    defaultValue: false,
    description:
      'Whether to process the file even if the viewer already has a document with the same content.',
  })
  force!: boolean;
}

@ObjectType('UploadDocumentPayload', {
  description:
    'The result of an upload. If the viewer has an unfinished or COMPLETED document with the same content, that document is returned and nothing is processed. Simultaneous uploads of the same content create one document. After FAILED or CANCELLED, or with force, a new document is created.',
})
export class UploadDocumentPayloadType {
  @Field(() => DocumentType, {
    description: 'The new document, or the existing one with the same content.',
  })
  document!: Document;

  @Field(() => ID, {
    nullable: true,
    description: 'The id of the existing document; null if a new one was created.',
  })
  duplicateOf!: string | null;
}

@ObjectType('DeleteDocumentPayload', { description: 'The result of a deletion.' })
export class DeleteDocumentPayloadType {
  @Field(() => ID, { description: 'The id of the deleted document.' })
  id!: string;
}
