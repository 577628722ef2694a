import { Router, type RequestHandler } from 'express';
import { ApiError } from '../../errors.js';

export type { Router };

/** Returns an empty router. The API adds its routes when its adapters are open. */
export function createRouter(): Router {
  return Router();
}

/** Rejects all requests with DEPENDENCY_UNAVAILABLE until `opened` is called. */
export function createStartupGate(router: Router): { opened(): void } {
  let isOpen = false;
  const rejectWhileStarting: RequestHandler = (_request, _response, next) => {
    if (isOpen) return next();
    throw new ApiError(
      'DEPENDENCY_UNAVAILABLE',
      'docstream is starting. Try again in a few seconds.',
      {
        retryAfterSeconds: 1,
      },
    );
  };
  router.use(rejectWhileStarting);
  return {
    opened: () => {
      isOpen = true;
    },
  };
}
