import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { buildSchema, type BuildSchemaOptions, type NextFn, type ResolverData } from 'type-graphql';
import { requireViewer } from '../auth/require-viewer.js';
import { assertArguments } from './arguments.js';
import type { Context } from './context.js';
import {
  DocumentResolver,
  DocumentStatusEventResolver,
  ProgressResolver,
} from './resolvers/document-resolver.js';
import { MutationResolver } from './resolvers/mutation-resolver.js';
import { QueryResolver } from './resolvers/query-resolver.js';
import { SearchHitResolver } from './resolvers/search-hit-resolver.js';
import { SubscriptionResolver } from './resolvers/subscription-resolver.js';
import { DateTime } from './types/scalars.js';
import { untilAborted } from '../../documents/until-aborted.js';

/**
 * Guards every root field, including future ones: it requires a viewer and arguments within their
 * limits, and ends when the operation is aborted.
 */
function guardRootFields(
  { info, context, args }: ResolverData<Context>,
  next: NextFn,
): ReturnType<NextFn> {
  if (info.path.prev !== undefined) return next();
  requireViewer(context);
  assertArguments(args);
  return untilAborted(context.signal, next);
}

/**
 * type-graphql requires a PubSub for subscriptions. They read from the status hub and never use it.
 */
const unusedPubSub: NonNullable<BuildSchemaOptions['pubSub']> = {
  publish: () => {
    throw new Error('the status bus publishes status events, not the PubSub');
  },
  subscribe: () => {
    throw new Error('subscriptions read from the status hub, not from the PubSub');
  },
};

export function createSchema(): Promise<GraphQLSchema> {
  return buildSchema({
    resolvers: [
      QueryResolver,
      MutationResolver,
      SubscriptionResolver,
      DocumentResolver,
      ProgressResolver,
      DocumentStatusEventResolver,
      SearchHitResolver,
    ],
    scalarsMap: [{ type: Date, scalar: DateTime }],
    // type-graphql 2 takes a function declaration for a class of its container: only an arrow works.
    globalMiddlewares: [(data: ResolverData<Context>, next) => guardRootFields(data, next)],
    pubSub: unusedPubSub,
    validate: false,
  });
}
