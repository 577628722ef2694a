import { FieldResolver, Resolver, Root } from 'type-graphql';
import type { Highlight } from '../../../documents/highlights.js';
import type { SearchHit } from '../../../documents/search-documents.js';
import { HighlightType, SearchHitType } from '../types/query-types.js';

@Resolver(() => SearchHitType)
export class SearchHitResolver {
  /** Computed in a resolver, so that only a client that selects highlights pays for them. */
  @FieldResolver(() => [HighlightType])
  highlights(@Root() hit: SearchHit): Highlight[] {
    return hit.findHighlights();
  }
}
