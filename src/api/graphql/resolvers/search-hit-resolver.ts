import { FieldResolver, Resolver, Root } from 'type-graphql';
import type { Highlight } from '../../../documents/highlights.js';
import type { SearchHit } from '../../../documents/search-documents.js';
import { HighlightType, SearchHitType } from '../types/query-types.js';

@Resolver(() => SearchHitType)
export class SearchHitResolver {
  /** A field of its own, so that a client that does not select highlights does not pay for them. */
  @FieldResolver(() => [HighlightType])
  highlights(@Root() hit: SearchHit): Highlight[] {
    return hit.findHighlights();
  }
}
