import { Router } from 'express';
import { ApiError } from '../../errors.js';
import { isOperator } from '../auth/operator-access.js';

interface Dependencies {
  render: () => Promise<{ contentType: string; text: string }>;
  operationsToken: string | null;
}

/** Serves /metrics for Prometheus. */
export function createMetricsRouter({ render, operationsToken }: Dependencies): Router {
  const router = Router();
  router.get('/metrics', async (request, response) => {
    if (!isOperator(request, operationsToken)) {
      response.set('WWW-Authenticate', 'Bearer');
      throw new ApiError(
        'UNAUTHENTICATED',
        'Metrics require a request from localhost or OPERATIONS_TOKEN as a bearer token.',
      );
    }
    const { contentType, text } = await render();
    response.set({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(text);
  });
  return router;
}
