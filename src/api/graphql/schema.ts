import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { buildSchema, type BuildSchemaOptions, type MiddlewareFn } from 'type-graphql';
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
 * Every root field needs a token, arguments within bounds, and somebody who waits for it: also one
 * that will be added without thinking of it.
 */
const guardRootFields: MiddlewareFn<Context> = ({ info, context, args }, next) => {
  if (info.path.prev !== undefined) return next();
  requireViewer(context);
  assertArguments(args);
  return untilAborted(context.signal, next);
};

/**
 * The library asks for one wherever there is a subscription; ours take their events from the status
 * hub and never come here.
 */
const noPubSub: NonNullable<BuildSchemaOptions['pubSub']> = {
  publish: () => {
    throw new Error('status events are published on the status bus');
  },
  subscribe: () => {
    throw new Error('subscriptions read from the status hub');
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
    globalMiddlewares: [guardRootFields],
    pubSub: noPubSub,
    validate: false,
  });
}
