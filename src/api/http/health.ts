import { Router } from 'express';
import { isOperator } from '../auth/operator-access.js';

/** A part of the product, and a question that resolves when it works. */
export interface HealthCheck {
  name: string;
  check: () => Promise<unknown>;
}

const CHECK_MS = 2_000;

/**
 * Alive: the process answers. Ready: every part does. From elsewhere than this machine the names of
 * parts need the operations token.
 */
export function createHealthRouter({
  parts,
  operationsToken,
}: {
  parts: () => readonly HealthCheck[];
  operationsToken: string | null;
}): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => void response.json({ status: 'ok' }));
  router.get('/readyz', async (request, response) => {
    const answers = await Promise.all(
      parts().map(async (part) => [part.name, await answersInTime(part)] as const),
    );
    const ready = answers.every(([, answer]) => answer);
    const body = { status: ready ? 'ready' : 'not ready' };
    const details = isOperator(request, operationsToken)
      ? { parts: Object.fromEntries(answers) }
      : {};
    response.status(ready ? 200 : 503).json({ ...body, ...details });
  });
  return router;
}

async function answersInTime({ check }: HealthCheck): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), CHECK_MS);
  const answer = check().then(
    () => true,
    () => false,
  );
  return Promise.race([answer, late.promise]).finally(() => clearTimeout(timer));
}
