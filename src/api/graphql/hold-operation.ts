import { getOperationAST, OperationTypeNode, type DocumentNode } from 'graphql';
import type { ClientLimits } from '../../rate-limit/client-limits.js';
import { createOperationSignal } from './operation-signal.js';

/** An operation that counts against the limits of its user until it is released. */
export interface HeldOperation {
  /** Aborts with the connection, and for a query or a mutation after its time limit. */
  signal: AbortSignal;
  /** No-op when called again. */
  release(): void;
}

/**
 * Waits for admission. Queries and mutations occupy a place of their user until they are released.
 * A subscription leaves its place at once, and counts as a subscription until it is released.
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
  const operation = createOperationSignal({
    viewer: null,
    disconnected: signal,
    hasDeadline: true,
  });
  return {
    signal: operation.signal,
    release: () => {
      operation.dispose();
      leave();
    },
  };
}

/** Returns whether the operation that would run is a subscription; false if none has the name. */
export function isSubscription(
  document: DocumentNode,
  operationName: string | null | undefined,
): boolean {
  return getOperationAST(document, operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
}
