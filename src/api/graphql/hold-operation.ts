import { getOperationAST, OperationTypeNode, type DocumentNode } from 'graphql';
import type { ClientLimits } from '../../rate-limit/client-limits.js';
import { createOperationSignal } from './operation-signal.js';

/** An operation that counts against its owner's limits until it is released. */
export interface HeldOperation {
  /** Aborts with the connection, and for a query or a mutation when its time is over. */
  signal: AbortSignal;
  /** No-op when called again. */
  release(): void;
}

/**
 * Queries and mutations take a place until they are released; a subscription takes its turn, and
 * counts as long as it lasts.
 */
export async function holdOperation(
  { admission, subscriptions }: ClientLimits,
  {
    owner,
    signal,
    isSubscription,
  }: { owner: string; signal: AbortSignal; isSubscription: boolean },
): Promise<HeldOperation> {
  if (isSubscription) {
    const release = subscriptions.take(owner);
    const leave = await admission.enter(owner, signal).catch((error: unknown) => {
      release();
      throw error;
    });
    leave();
    return { signal, release };
  }
  const leave = await admission.enter(owner, signal);
  const operation = createOperationSignal({ viewer: null, left: signal, hasDeadline: true });
  return {
    signal: operation.signal,
    release: () => {
      operation.dispose();
      leave();
    },
  };
}

/** By the operation that would run; false where none fits the name. */
export function isSubscription(
  document: DocumentNode,
  operationName: string | null | undefined,
): boolean {
  return getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
}
