import { Router } from 'express';
import { settlesWithin } from '../../runtime/deadline.js';
import { isOperator } from '../auth/operator-access.js';

/** The check of one dependency: `check` rejects, or does not respond, while it is unavailable. */
export interface HealthCheck {
  name: string;
  check: () => Promise<unknown>;
}

/** A dependency that takes longer counts as unavailable. */
const CHECK_TIMEOUT_MS = 2_000;

/**
 * Serves /healthz, which responds while the process is alive, and /readyz, which reports whether
 * every dependency responds. The names of dependencies are for operators only.
 */
export function createHealthRouter({
  checks,
  operationsToken,
}: {
  checks: () => readonly HealthCheck[];
  operationsToken: string | null;
}): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (request, response) => {
    const results = await Promise.all(
      checks().map(async (check) => [check.name, await respondsInTime(check)] as const),
    );
    const ready = results.every(([, isAvailable]) => isAvailable);
    const body = { status: ready ? 'ready' : 'not ready' };
    const details = isOperator(request, operationsToken)
      ? { parts: Object.fromEntries(results) }
      : {};
    response.status(ready ? 200 : 503).json({ ...body, ...details });
  });
  return router;
}

function respondsInTime({ check }: HealthCheck): Promise<boolean> {
  return settlesWithin(check(), CHECK_TIMEOUT_MS);
}
