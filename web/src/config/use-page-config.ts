import { useEffect, useState } from 'react';
import { backoffMs } from '../connection/backoff.js';
import { fetchPageConfig, type PageConfig } from './page-config.js';

/**
 * Requests the configuration until the server responds. `config` is null until then; `failed` is
 * true after the first failure.
 */
export function usePageConfig(): { config: PageConfig | null; failed: boolean } {
  const [config, setConfig] = useState<PageConfig | null>(null);
  const [failures, setFailures] = useState(0);

  useEffect(() => {
    if (config) return;
    const controller = new AbortController();
    const load = () =>
      fetchPageConfig(controller.signal).then(setConfig, () => {
        if (!controller.signal.aborted) setFailures(failures + 1);
      });
    const timer = setTimeout(() => void load(), failures === 0 ? 0 : backoffMs(failures - 1));
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [config, failures]);

  return { config, failed: config === null && failures > 0 };
}
