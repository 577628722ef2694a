/**
 * Operations that run without an id, because a person in the playground has none at hand. They do
 * not use `graphql()`, so that the code generator ignores them.
 */
export const FIRST_TAB = `# Three operations: choose one from the menu of
# the run button, or press Ctrl+Enter inside it.
# The token is in the Headers tab below.

query DocumentsOverview {
  documentCounts {
    status
    count
  }
  documents(first: 10) {
    totalCount
    edges {
      node {
        id
        filename
        status
        progress {
          done
          total
          percent
        }
        createdAt
      }
    }
  }
}

query Search {
  search(query: "how do I begin?", mode: HYBRID, first: 5) {
    score
    page
    text
    document {
      id
      filename
    }
  }
}

# Runs until you stop it. Sign in at / as “playground”,
# upload a file there, and watch it here.
subscription Watch {
  documentStatus {
    kind
    seq
    status
    message
    progress {
      percent
    }
    document {
      id
      filename
    }
  }
}
`;

const toHeaders = (token: string) =>
  `${JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2)}\n`;

export const DEV_HEADERS = toHeaders('dev:playground');

export const NO_HEADERS = toHeaders('<your token>');
