/* eslint-disable */
import * as types from './graphql.js';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  fragment DocumentFields on Document {\n    id\n    filename\n    mimeType\n    fileSize\n    status\n    seq\n    generation\n    attempt\n    maxAttempts\n    progress {\n      done\n      total\n      percent\n    }\n    error {\n      code\n      cause\n      message\n      retryable\n      stage\n    }\n    vectorCount\n    searchable\n    priority\n    queuePosition\n    scheduledFor\n    nextAttemptAt\n    createdAt\n    updatedAt\n    startedAt\n    processedAt\n  }\n": typeof types.DocumentFieldsFragmentDoc,
    "\n  query DocumentsPage($first: Int!, $after: String, $filter: DocumentFilter) {\n    documents(first: $first, after: $after, filter: $filter) {\n      edges {\n        node {\n          ...DocumentFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      totalCount\n    }\n  }\n": typeof types.DocumentsPageDocument,
    "\n  query DocumentCounts {\n    documentCounts {\n      status\n      count\n    }\n  }\n": typeof types.DocumentCountsDocument,
    "\n  query DocumentDetails($id: ID!) {\n    document(id: $id) {\n      ...DocumentFields\n      contentHash\n      jobId\n      events(first: 100) {\n        kind\n        documentId\n        seq\n        status\n        message\n        attempt\n        generation\n        occurredAt\n        error {\n          code\n          cause\n          message\n          retryable\n          stage\n        }\n      }\n    }\n  }\n": typeof types.DocumentDetailsDocument,
    "\n  subscription WatchDocuments {\n    documentStatus {\n      kind\n      documentId\n      seq\n      status\n      previousStatus\n      message\n      occurredAt\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n": typeof types.WatchDocumentsDocument,
    "\n  mutation UploadDocument($file: Upload!) {\n    uploadDocument(file: $file) {\n      document {\n        ...DocumentFields\n      }\n      duplicateOf\n    }\n  }\n": typeof types.UploadDocumentDocument,
    "\n  mutation DeleteDocument($id: ID!) {\n    deleteDocument(id: $id) {\n      id\n    }\n  }\n": typeof types.DeleteDocumentDocument,
    "\n  query SearchPassages($query: String!, $mode: SearchMode!, $first: Int!) {\n    search(query: $query, mode: $mode, first: $first) {\n      text\n      highlights {\n        start\n        end\n      }\n      score\n      chunkIndex\n      page\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n": typeof types.SearchPassagesDocument,
};
const documents: Documents = {
    "\n  fragment DocumentFields on Document {\n    id\n    filename\n    mimeType\n    fileSize\n    status\n    seq\n    generation\n    attempt\n    maxAttempts\n    progress {\n      done\n      total\n      percent\n    }\n    error {\n      code\n      cause\n      message\n      retryable\n      stage\n    }\n    vectorCount\n    searchable\n    priority\n    queuePosition\n    scheduledFor\n    nextAttemptAt\n    createdAt\n    updatedAt\n    startedAt\n    processedAt\n  }\n": types.DocumentFieldsFragmentDoc,
    "\n  query DocumentsPage($first: Int!, $after: String, $filter: DocumentFilter) {\n    documents(first: $first, after: $after, filter: $filter) {\n      edges {\n        node {\n          ...DocumentFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      totalCount\n    }\n  }\n": types.DocumentsPageDocument,
    "\n  query DocumentCounts {\n    documentCounts {\n      status\n      count\n    }\n  }\n": types.DocumentCountsDocument,
    "\n  query DocumentDetails($id: ID!) {\n    document(id: $id) {\n      ...DocumentFields\n      contentHash\n      jobId\n      events(first: 100) {\n        kind\n        documentId\n        seq\n        status\n        message\n        attempt\n        generation\n        occurredAt\n        error {\n          code\n          cause\n          message\n          retryable\n          stage\n        }\n      }\n    }\n  }\n": types.DocumentDetailsDocument,
    "\n  subscription WatchDocuments {\n    documentStatus {\n      kind\n      documentId\n      seq\n      status\n      previousStatus\n      message\n      occurredAt\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n": types.WatchDocumentsDocument,
    "\n  mutation UploadDocument($file: Upload!) {\n    uploadDocument(file: $file) {\n      document {\n        ...DocumentFields\n      }\n      duplicateOf\n    }\n  }\n": types.UploadDocumentDocument,
    "\n  mutation DeleteDocument($id: ID!) {\n    deleteDocument(id: $id) {\n      id\n    }\n  }\n": types.DeleteDocumentDocument,
    "\n  query SearchPassages($query: String!, $mode: SearchMode!, $first: Int!) {\n    search(query: $query, mode: $mode, first: $first) {\n      text\n      highlights {\n        start\n        end\n      }\n      score\n      chunkIndex\n      page\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n": types.SearchPassagesDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DocumentFields on Document {\n    id\n    filename\n    mimeType\n    fileSize\n    status\n    seq\n    generation\n    attempt\n    maxAttempts\n    progress {\n      done\n      total\n      percent\n    }\n    error {\n      code\n      cause\n      message\n      retryable\n      stage\n    }\n    vectorCount\n    searchable\n    priority\n    queuePosition\n    scheduledFor\n    nextAttemptAt\n    createdAt\n    updatedAt\n    startedAt\n    processedAt\n  }\n"): (typeof documents)["\n  fragment DocumentFields on Document {\n    id\n    filename\n    mimeType\n    fileSize\n    status\n    seq\n    generation\n    attempt\n    maxAttempts\n    progress {\n      done\n      total\n      percent\n    }\n    error {\n      code\n      cause\n      message\n      retryable\n      stage\n    }\n    vectorCount\n    searchable\n    priority\n    queuePosition\n    scheduledFor\n    nextAttemptAt\n    createdAt\n    updatedAt\n    startedAt\n    processedAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DocumentsPage($first: Int!, $after: String, $filter: DocumentFilter) {\n    documents(first: $first, after: $after, filter: $filter) {\n      edges {\n        node {\n          ...DocumentFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query DocumentsPage($first: Int!, $after: String, $filter: DocumentFilter) {\n    documents(first: $first, after: $after, filter: $filter) {\n      edges {\n        node {\n          ...DocumentFields\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DocumentCounts {\n    documentCounts {\n      status\n      count\n    }\n  }\n"): (typeof documents)["\n  query DocumentCounts {\n    documentCounts {\n      status\n      count\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DocumentDetails($id: ID!) {\n    document(id: $id) {\n      ...DocumentFields\n      contentHash\n      jobId\n      events(first: 100) {\n        kind\n        documentId\n        seq\n        status\n        message\n        attempt\n        generation\n        occurredAt\n        error {\n          code\n          cause\n          message\n          retryable\n          stage\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query DocumentDetails($id: ID!) {\n    document(id: $id) {\n      ...DocumentFields\n      contentHash\n      jobId\n      events(first: 100) {\n        kind\n        documentId\n        seq\n        status\n        message\n        attempt\n        generation\n        occurredAt\n        error {\n          code\n          cause\n          message\n          retryable\n          stage\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription WatchDocuments {\n    documentStatus {\n      kind\n      documentId\n      seq\n      status\n      previousStatus\n      message\n      occurredAt\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription WatchDocuments {\n    documentStatus {\n      kind\n      documentId\n      seq\n      status\n      previousStatus\n      message\n      occurredAt\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UploadDocument($file: Upload!) {\n    uploadDocument(file: $file) {\n      document {\n        ...DocumentFields\n      }\n      duplicateOf\n    }\n  }\n"): (typeof documents)["\n  mutation UploadDocument($file: Upload!) {\n    uploadDocument(file: $file) {\n      document {\n        ...DocumentFields\n      }\n      duplicateOf\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteDocument($id: ID!) {\n    deleteDocument(id: $id) {\n      id\n    }\n  }\n"): (typeof documents)["\n  mutation DeleteDocument($id: ID!) {\n    deleteDocument(id: $id) {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SearchPassages($query: String!, $mode: SearchMode!, $first: Int!) {\n    search(query: $query, mode: $mode, first: $first) {\n      text\n      highlights {\n        start\n        end\n      }\n      score\n      chunkIndex\n      page\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n"): (typeof documents)["\n  query SearchPassages($query: String!, $mode: SearchMode!, $first: Int!) {\n    search(query: $query, mode: $mode, first: $first) {\n      text\n      highlights {\n        start\n        end\n      }\n      score\n      chunkIndex\n      page\n      document {\n        ...DocumentFields\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;