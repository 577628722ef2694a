import { graphql } from '../gql/index.js';

/**
 * Every field of a document that the page reads, its history excepted. All operations use this one
 * fragment, so that each response updates every view.
 */
export const DocumentFields = graphql(`
  fragment DocumentFields on Document {
    id
    filename
    mimeType
    fileSize
    status
    seq
    generation
    attempt
    maxAttempts
    progress {
      done
      total
      percent
    }
    error {
      code
      cause
      message
      retryable
      stage
    }
    vectorCount
    searchable
    priority
    queuePosition
    scheduledFor
    nextAttemptAt
    createdAt
    updatedAt
    startedAt
    processedAt
  }
`);
