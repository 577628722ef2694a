/** The one way from a client's text to an operation that may run, for every endpoint. */
import {
  GraphQLError,
  specifiedRules,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { ApiError } from '../../errors.js';
import { assertShape } from './document-shape.js';
import { parseDocument } from './document-text.js';
import { historyRule } from './history-rule.js';
import { MAX_DEPTH, MAX_ERRORS, MAX_NESTING } from './limits.js';
import { createCostCheck } from './operation-cost.js';

/** What a client sends, whatever the transport. */
export interface OperationRequest {
  query: string;
  variables?: Readonly<Record<string, unknown>> | null | undefined;
  operationName?: string | null | undefined;
}

export interface OperationCheck {
  /**
   * Text, nesting and shape, which cost little: what every request pays, with a token or without.
   * Throws a GraphQLError or an ApiError.
   */
  checkText(request: { query?: unknown; variables?: unknown }): DocumentNode | null;
  /** What a valid operation costs, with its variables. Throws a GraphQLError. */
  checkCost(request: { document: DocumentNode } & Omit<OperationRequest, 'query'>): void;
  /** All of it. Returns the document, or why it may not run. */
  check(request: OperationRequest): DocumentNode | readonly Error[];
}

/**
 * Reported like any other error of validation: one that is thrown passes for a bug of ours, with
 * the status 500.
 */
const depthRule = maxDepthRule({
  n: MAX_DEPTH,
  ignoreIntrospection: true,
  propagateOnRejection: false,
  onReject: [(context, error) => context?.reportError(error)],
});

export const validationRules = [historyRule, depthRule];

export function createOperationCheck(schema: GraphQLSchema): OperationCheck {
  const assertCost = createCostCheck(schema);

  function checkText({
    query,
    variables,
  }: {
    query?: unknown;
    variables?: unknown;
  }): DocumentNode | null {
    assertShallow(variables);
    if (typeof query !== 'string') return null;
    const document = parseDocument(query);
    assertShape(document);
    return document;
  }

  function checkCost({
    document,
    variables,
    operationName,
  }: Parameters<OperationCheck['checkCost']>[0]): void {
    assertCost({
      query: document,
      variables: variables ?? undefined,
      operationName: operationName ?? undefined,
    });
  }

  return {
    checkText,
    checkCost,
    check: ({ query, variables, operationName }) => {
      try {
        const document = checkText({ query, variables });
        if (document === null)
          return [new ApiError('BAD_USER_INPUT', 'query must be a string.', { field: 'query' })];
        const errors = validate(schema, document, [...specifiedRules, ...validationRules], {
          maxErrors: MAX_ERRORS,
        });
        if (errors.length > 0) return errors;
        checkCost({ document, variables, operationName });
        return document;
      } catch (error) {
        if (error instanceof GraphQLError || error instanceof ApiError) return [error];
        throw error;
      }
    },
  };
}

export function isDocument(checked: ReturnType<OperationCheck['check']>): checked is DocumentNode {
  return 'kind' in checked;
}

/**
 * Throws BAD_USER_INPUT for lists and objects that are nested too deeply. Does not recurse itself.
 */
export function assertShallow(value: unknown, field = 'variables'): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_NESTING) {
      throw new ApiError(
        'BAD_USER_INPUT',
        `${field} must not nest more than ${MAX_NESTING} lists and objects.`,
        {
          field,
          limit: MAX_NESTING,
        },
      );
    }
    level = level.flatMap((each): unknown[] =>
      isContainer(each) ? Object.values(each).filter(isContainer) : [],
    );
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
