import { graphql } from '../gql/index.js';

export const DocumentsPage = graphql(`
  query DocumentsPage($first: Int!, $after: String, $filter: DocumentFilter) {
    documents(first: $first, after: $after, filter: $filter) {
      edges {
        node {
          ...DocumentFields
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      totalCount
    }
  }
`);

export const DocumentCounts = graphql(`
  query DocumentCounts {
    documentCounts {
      status
      count
    }
  }
`);

export const DocumentDetails = graphql(`
  query DocumentDetails($id: ID!) {
    document(id: $id) {
      ...DocumentFields
      contentHash
      jobId
      events(first: 100) {
        kind
        documentId
        seq
        status
        message
        attempt
        generation
        occurredAt
        error {
          code
          cause
          message
          retryable
          stage
        }
      }
    }
  }
`);

export const WatchDocuments = graphql(`
  subscription WatchDocuments {
    documentStatus {
      kind
      documentId
      seq
      status
      previousStatus
      message
      occurredAt
      document {
        ...DocumentFields
      }
    }
  }
`);

export const UploadDocument = graphql(`
  mutation UploadDocument($file: Upload!) {
    uploadDocument(file: $file) {
      document {
        ...DocumentFields
      }
      duplicateOf
    }
  }
`);

export const DeleteDocument = graphql(`
  mutation DeleteDocument($id: ID!) {
    deleteDocument(id: $id) {
      id
    }
  }
`);
