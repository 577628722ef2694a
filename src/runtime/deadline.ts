/**
 * Time limits for work that has none of its own. The work is not stopped: what it yields or throws
 * after the limit is dropped. No timer outlives the call.
 */

/**
 * Returns what `promise` resolves to. Rejects with its error, or with an error that names `what`
 * if `promise` is still pending after `ms` milliseconds.
 */
export async function withDeadline<Result>(
  promise: Promise<Result>,
  ms: number,
  what: string,
): Promise<Result> {
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => deadline.reject(new Error(`${what} took longer than ${ms} ms`)),
    ms,
  );
  try {
    return await Promise.race([promise, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Returns whether `promise` resolves within `ms` milliseconds: false if it rejects or is still
 * pending then. Never rejects.
 */
export async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const deadline = Promise.withResolvers<false>();
  const timer = setTimeout(() => deadline.resolve(false), ms);
  const settled = promise.then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([settled, deadline.promise]);
  } finally {
    clearTimeout(timer);
  }
}
