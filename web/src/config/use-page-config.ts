import { useEffect, useState } from 'react';
import { backoffMs } from '../connection/backoff.js';
import { fetchPageConfig, type PageConfig } from './page-config.js';

/**
 * Null until the server has answered; `failed` while it has not, and the page keeps trying by
 * itself.
 */
export function usePageConfig(): { config: PageConfig | null; failed: boolean } {
  const [config, setConfig] = useState<PageConfig | null>(null);
  const [failures, setFailures] = useState(0);

  useEffect(() => {
    if (config) return;
    const controller = new AbortController();
    const ask = () =>
      fetchPageConfig(controller.signal).then(setConfig, () => {
        if (!controller.signal.aborted) setFailures(failures + 1);
      });
    const timer = setTimeout(() => void ask(), failures === 0 ? 0 : backoffMs(failures - 1));
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [config, failures]);

  return { config, failed: config === null && failures > 0 };
}
