import { useEffect, useState } from 'react';

/**
 * Something with an end, made when the component comes and ended when it goes; null in between.
 * `create` must be stable.
 */
export function useResource<T extends { dispose(): void }>(create: () => T): T | null {
  const [resource, setResource] = useState<T | null>(null);
  useEffect(() => {
    const made = create();
    setResource(made);
    return () => {
      setResource(null);
      made.dispose();
    };
  }, [create]);
  return resource;
}
