import { useEffect, useState } from 'react';

/**
 * Creates a resource when the component mounts and disposes of it when the component unmounts.
 * Returns null until the resource exists. A new `create` function replaces the resource, so it must
 * be stable.
 */
export function useResource<T extends { dispose(): void }>(create: () => T): T | null {
  const [resource, setResource] = useState<T | null>(null);
  useEffect(() => {
    const created = create();
    setResource(created);
    return () => {
      setResource(null);
      created.dispose();
    };
  }, [create]);
  return resource;
}
