import { graphql } from '../gql/index.js';

export const SearchPassages = graphql(`
  query SearchPassages($query: String!, $mode: SearchMode!, $first: Int!) {
    search(query: $query, mode: $mode, first: $first) {
      text
      highlights {
        start
        end
      }
      score
      chunkIndex
      page
      document {
        ...DocumentFields
      }
    }
  }
`);
