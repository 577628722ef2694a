import { Arg, Ctx, ID, Int, Query, Resolver } from 'type-graphql';
import { isDocumentId } from '../../../documents/document-id.js';
import type { Document, DocumentStatus } from '../../../documents/document.js';
import type { DocumentFilter, DocumentPage, SearchMode, Viewer } from '../../../documents/ports.js';
import type { SearchHit } from '../../../documents/search-documents.js';
import { assertRange, parseCursor, toCursor } from '../arguments.js';
import { requireViewer } from '../../auth/require-viewer.js';
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
  @Query(() => ViewerType, { description: 'The authenticated user.' })
  viewer(@Ctx() context: Context): Viewer {
    return requireViewer(context);
  }

  @Query(() => LimitsType, { description: 'Upload limits and usage.' })
  async limits(@Ctx() context: Context): Promise<LimitsType> {
    const { formats, maxUploadBytes } = context.services;
    const counts = await context.loaders.counts.load(requireViewer(context).id);
    const documents = counts.reduce((sum, { count }) => sum + count, 0);
    return { maxUploadBytes, mimeTypes: [...formats.mimeTypes], maxDocuments: null, documents };
  }

  @Query(() => DocumentType, {
    nullable: true,
    description: 'One document; null if it does not exist or belongs to another user.',
  })
  document(
    @Ctx() context: Context,
    @Arg('id', () => ID, { description: 'The id of the document.' }) id: string,
  ): Promise<Document | null> | null {
    return isDocumentId(id) ? context.services.store.find(requireViewer(context).id, id) : null;
  }

  @Query(() => DocumentConnectionType, {
    description: 'The documents of the viewer, newest first; ids order documents of the same time.',
  })
  async documents(
    @Ctx() context: Context,
    @Arg('first', () => Int, {
      defaultValue: 20,
      description: 'Maximum number of documents to return, 1 to 100.',
    })
    first: number,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The cursor after which the page starts.',
    })
    after?: string | null,
    @Arg('filter', () => DocumentFilterInput, {
      nullable: true,
      description: 'Which documents to return; null for all.',
    })
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
      'The number of documents of the viewer in each status. A status without documents is omitted.',
  })
  documentCounts(@Ctx() context: Context): Promise<{ status: DocumentStatus; count: number }[]> {
    return context.loaders.counts.load(requireViewer(context).id);
  }

  @Query(() => [SearchHitType], {
    description:
      'The passages of the viewer that match a query, best first. A keyword search ignores words after the first 32 distinct ones.',
  })
  search(
    @Ctx() context: Context,
    @Arg('query', () => String, { description: 'Words or a question, up to 2,000 characters.' })
    query: string,
    @Arg('first', () => Int, {
      defaultValue: 10,
      description: 'Maximum number of hits to return, 1 to 100.',
    })
    first: number,
    @Arg('mode', () => SearchModeEnum, {
      defaultValue: 'HYBRID',
      description: 'Whether to search by meaning, by words, or both.',
    })
    mode: SearchMode,
    @Arg('documentIds', () => [ID], {
      nullable: true,
      description: 'Search only these documents; unknown ids are ignored. Null for all documents.',
    })
    documentIds?: string[] | null,
  ): Promise<SearchHit[]> {
    const search = { query, first, mode, ...(documentIds && { documentIds }) };
    return context.services.searchDocuments(requireViewer(context), search, {
      signal: context.signal,
    });
  }
}

/** Replaces NUL and lone surrogates, which no file name contains and PostgreSQL rejects. */
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
