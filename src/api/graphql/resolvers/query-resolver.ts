import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql';
import { isDocumentId } from '../../../documents/document-id.js';
import type { Document, DocumentStatus } from '../../../documents/document.js';
import type { DocumentFilter, DocumentPage, SearchMode, Viewer } from '../../../documents/ports.js';
import type { SearchHit } from '../../../documents/search-documents.js';
import { assertRange, parseCursor, toCursor } from '../arguments.js';
import { requireViewer } from '../../auth/authenticate.js';
import type { Context } from '../context.js';
import { SearchModeEnum } from '../types/enums.js';
import {
  DocumentConnectionType,
  DocumentCountType,
  DocumentFilterInput,
  LimitsType,
  SearchHitType,
  ViewerType,
} from '../types/query-types.js';
import { DocumentType } from '../types/document-type.js';

const MAX_PAGE = 100;

@Resolver()
export class QueryResolver {
  @Query(() => ViewerType, { description: 'Whoever the token names.' })
  viewer(@Ctx() context: Context): Viewer {
    return requireViewer(context);
  }

  @Query(() => LimitsType, { description: 'What is taken, and how much of it.' })
  async limits(@Ctx() context: Context): Promise<LimitsType> {
    const { formats, maxUploadBytes } = context.services;
    const counts = await context.loaders.counts.load(requireViewer(context).id);
    const documents = counts.reduce((sum, { count }) => sum + count, 0);
    return { maxUploadBytes, mimeTypes: [...formats.mimeTypes], maxDocuments: null, documents };
  }

  @Query(() => DocumentType, {
    nullable: true,
    description: "Null when there is none, or it is somebody else's.",
  })
  document(
    @Ctx() context: Context,
    @Arg('id', () => ID, { description: 'Its id.' }) id: string,
  ): Promise<Document | null> | null {
    return isDocumentId(id) ? context.services.store.find(requireViewer(context).id, id) : null;
  }

  @Query(() => DocumentConnectionType, {
    description: 'Newest first, id breaks ties. More than 100 at once: BAD_USER_INPUT.',
  })
  async documents(
    @Ctx() context: Context,
    @Arg('first', () => Int, { defaultValue: 20, description: 'So many at most, 1 to 100.' })
    first: number,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The cursor behind which the page begins.',
    })
    after?: string | null,
    @Arg('filter', () => DocumentFilterInput, { nullable: true, description: 'Only these.' })
    filter?: DocumentFilterInput | null,
  ): Promise<DocumentConnectionType> {
    assertRange('first', first, 1, MAX_PAGE);
    const position = after === undefined || after === null ? {} : { after: parseCursor(after) };
    const page = await context.services.store.list(requireViewer(context).id, {
      first,
      ...position,
      filter: toFilter(filter),
    });
    return toConnection(page);
  }

  @Query(() => [DocumentCountType], {
    description:
      "How many of the viewer's documents are in each status; a status without any is left out.",
  })
  documentCounts(@Ctx() context: Context): Promise<{ status: DocumentStatus; count: number }[]> {
    return context.loaders.counts.load(requireViewer(context).id);
  }

  @Query(() => [SearchHitType], {
    description:
      "Only the viewer's own; unknown documentIds are ignored. first up to 100, query up to 2,000 characters; words after the first 32 distinct ones are ignored when searching by words.",
  })
  search(
    @Ctx() context: Context,
    @Arg('query', () => String, { description: 'What to find: words or a question.' })
    query: string,
    @Arg('first', () => Int, { defaultValue: 10, description: 'So many hits at most, 1 to 100.' })
    first: number,
    @Arg('mode', () => SearchModeEnum, {
      defaultValue: 'HYBRID',
      description: 'By meaning, by words, or both.',
    })
    mode: SearchMode,
    @Arg('documentIds', () => [ID], { nullable: true, description: 'Only in these documents.' })
    documentIds?: string[] | null,
  ): Promise<SearchHit[]> {
    const search = { query, first, mode, ...(documentIds && { documentIds }) };
    return context.services.searchDocuments(requireViewer(context), search, {
      signal: context.signal,
    });
  }
}

/** NUL is in no name of ours and no database takes it. */
function toFilter(filter: DocumentFilterInput | null | undefined): DocumentFilter {
  return {
    ...(filter?.status && { status: filter.status }),
    ...(filter?.filename && {
      filename: filter.filename.replaceAll('\0', '\ufffd').toWellFormed(),
    }),
  };
}

function toConnection(page: DocumentPage): DocumentConnectionType {
  const edges = page.documents.map((node) => ({ cursor: toCursor(node), node }));
  const pageInfo = {
    hasNextPage: page.hasNextPage,
    hasPreviousPage: page.hasPreviousPage,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  };
  return { edges, pageInfo, totalCount: page.totalCount };
}
