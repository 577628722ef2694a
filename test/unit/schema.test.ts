import { readFile } from 'node:fs/promises';
import {
  buildSchema,
  findBreakingChanges,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  printSchema,
  type GraphQLSchema,
} from 'graphql';
import { createSchema } from '../../src/graphql/schema.js';

/** What clients rely on: ../shared/contract/schema.graphql, less the three mutations that enter with the work that builds them. */
const CONTRACT = `
scalar DateTime
scalar Upload
enum DocumentStatus { PENDING EXTRACTING VECTORIZING COMPLETED FAILED CANCELLED DELETING }
enum Priority { HIGH NORMAL LOW }
enum SearchMode { HYBRID SEMANTIC KEYWORD }
type Document {
  id: ID! filename: String! mimeType: String! fileSize: Float! contentHash: String! status: DocumentStatus! seq: Int! generation: Int! attempt: Int!
  maxAttempts: Int! progress: Progress! error: ProcessingError vectorCount: Int! searchable: Boolean! jobId: ID! priority: Priority! queuePosition: Int
  scheduledFor: DateTime nextAttemptAt: DateTime canCancel: Boolean! canRetry: Boolean! createdAt: DateTime! updatedAt: DateTime! startedAt: DateTime
  processedAt: DateTime events(after: Int! = 0, first: Int! = 50): [DocumentStatusEvent!]!
}
type Progress { done: Int! total: Int percent: Float! }
type ProcessingError { code: String! cause: String message: String! retryable: Boolean! stage: DocumentStatus! }
enum StatusEventKind { SNAPSHOT CHANGE PROGRESS }
type DocumentStatusEvent {
  kind: StatusEventKind! documentId: ID! seq: Int! status: DocumentStatus! previousStatus: DocumentStatus progress: Progress! attempt: Int!
  generation: Int! error: ProcessingError vectorCount: Int! message: String! occurredAt: DateTime! document: Document
}
type Query {
  viewer: Viewer!
  limits: Limits!
  document(id: ID!): Document
  documents(first: Int! = 20, after: String, filter: DocumentFilter): DocumentConnection!
  documentCounts: [DocumentCount!]!
  search(query: String!, first: Int! = 10, mode: SearchMode! = HYBRID, documentIds: [ID!]): [SearchHit!]!
}
type Viewer { id: ID! email: String isAdmin: Boolean! }
type Limits { maxUploadBytes: Float! mimeTypes: [String!]! maxDocuments: Int documents: Int! }
input DocumentFilter { status: [DocumentStatus!] filename: String }
type DocumentConnection { edges: [DocumentEdge!]! pageInfo: PageInfo! totalCount: Int! }
type DocumentEdge { cursor: String! node: Document! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type DocumentCount { status: DocumentStatus! count: Int! }
type SearchHit {
  document: Document! text: String! highlights: [Highlight!]! score: Float! chunkIndex: Int! page: Int charStart: Int! charEnd: Int!
}
type Highlight { start: Int! end: Int! }
input UploadOptions { priority: Priority! = NORMAL scheduledFor: DateTime force: Boolean! = false }
type Mutation {
  uploadDocument(file: Upload!, options: UploadOptions): UploadDocumentPayload!
  deleteDocument(id: ID!): DeleteDocumentPayload!
}
type UploadDocumentPayload { document: Document! duplicateOf: ID }
type DeleteDocumentPayload { id: ID! }
type Subscription { documentStatus(documentId: ID, afterSeq: Int, completeOnTerminal: Boolean! = false): DocumentStatusEvent! }
`;

let schema: GraphQLSchema;

beforeAll(async () => {
  schema = await createSchema();
});

it('the schema keeps every name, type and default that clients rely on', () => {
  expect(findBreakingChanges(buildSchema(CONTRACT), schema)).toEqual([]);
});

it('schema.graphql is what the code says', async () => {
  const printed = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
  expect(printed.trim()).toBe(printSchema(schema).trim());
});

it('every type, field, argument and enum value has a description', () => {
  expect(
    describedThings(schema)
      .filter(({ description }) => !description?.trim())
      .map(({ name }) => name),
  ).toEqual([]);
});

interface Described {
  name: string;
  description: string | null | undefined;
}

function describedThings(of: GraphQLSchema): Described[] {
  return Object.values(of.getTypeMap())
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => {
      const own = { name: type.name, description: type.description };
      if (isEnumType(type)) return [own, ...type.getValues().map((value) => inside(type.name, value))];
      if (isInputObjectType(type)) return [own, ...Object.values(type.getFields()).map((field) => inside(type.name, field))];
      if (!isObjectType(type) && !isInterfaceType(type)) return [own];
      const fields = Object.values(type.getFields());
      const isRoot = ['Query', 'Mutation', 'Subscription'].includes(type.name);
      return [
        ...(isRoot ? [] : [own]),
        ...fields.map((field) => inside(type.name, field)),
        ...fields.flatMap((field) => field.args.map((argument) => inside(`${type.name}.${field.name}`, argument))),
      ];
    });
}

function inside(parent: string, { name, description }: Described): Described {
  return { name: `${parent}.${name}`, description };
}
