import type { Config } from '../config.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Logger } from '../runtime/logger.js';
import type { ResourceStack } from '../runtime/resource-stack.js';
import type { Readiness } from './readiness.js';

/** The configuration and the life cycle of one process, passed to everything that it opens. */
export interface AppContext {
  config: Config;
  logger: Logger;
  resources: ResourceStack;
  readiness: Readiness;
  metrics: Metrics;
  /** Called when a component that cannot be restarted has stopped. */
  onFatal: (error: unknown) => void;
}
