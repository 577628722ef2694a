import { Router, type RequestHandler } from 'express';
import { ApiError } from '../../errors.js';

export type { Router };

/** Routes that are added once their parts are open. */
export function createRouter(): Router {
  return Router();
}

/** Requests that come while the parts are being opened are told to come again. */
export function createStartupGate(router: Router): { opened(): void } {
  let open = false;
  const wait: RequestHandler = (_request, _response, next) => {
    if (open) return next();
    throw new ApiError('DEPENDENCY_UNAVAILABLE', 'docstream is starting: try again in a moment.', {
      retryAfterSeconds: 1,
    });
  };
  router.use(wait);
  return {
    opened: () => {
      open = true;
    },
  };
}
