/** The checks that every operation passes before it runs, the same for every endpoint. */
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

/** The operation that a client sends, over any transport. */
export interface OperationRequest {
  query: string;
  variables?: Readonly<Record<string, unknown>> | null | undefined;
  operationName?: string | null | undefined;
}

export interface OperationCheck {
  /**
   * Checks text, nesting, shape, validity and cost, cheap checks first. Returns the document, or
   * the reasons why it must not run.
   */
  check(request: OperationRequest): DocumentNode | readonly Error[];
}

/** Reports its error like other rules. A thrown one would be an internal error with status 500. */
const depthRule = maxDepthRule({
  n: MAX_DEPTH,
  ignoreIntrospection: true,
  propagateOnRejection: false,
  onReject: [(context, error) => context?.reportError(error)],
});

export const validationRules = [historyRule, depthRule];

export function createOperationCheck(schema: GraphQLSchema): OperationCheck {
  const assertCost = createCostCheck(schema);
  const rules = [...specifiedRules, ...validationRules];

  function checkOrThrow({
    query,
    variables,
    operationName,
  }: OperationRequest): DocumentNode | readonly GraphQLError[] {
    assertShallow(variables);
    if (typeof query !== 'string')
      throw new ApiError('BAD_USER_INPUT', 'query must be a string.', { field: 'query' });
    const document = parseDocument(query);
    assertShape(document);
    const errors = validate(schema, document, rules, { maxErrors: MAX_ERRORS });
    if (errors.length > 0) return errors;
    assertCost({
      query: document,
      variables: variables ?? undefined,
      operationName: operationName ?? undefined,
    });
    return document;
  }

  return {
    check: (request) => {
      try {
        return checkOrThrow(request);
      } catch (error) {
        if (error instanceof GraphQLError || error instanceof ApiError) return [error];
        throw error;
      }
    },
  };
}

export function unknownOperation(): ApiError {
  return new ApiError('BAD_USER_INPUT', 'operationName must name an operation of the document.', {
    field: 'operationName',
  });
}

export function isDocument(checked: ReturnType<OperationCheck['check']>): checked is DocumentNode {
  return 'kind' in checked;
}

/** Throws BAD_USER_INPUT for lists and objects that are nested too deeply. Does not recurse. */
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
    level = level.flatMap((container): unknown[] =>
      isContainer(container) ? Object.values(container).filter(isContainer) : [],
    );
  }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
