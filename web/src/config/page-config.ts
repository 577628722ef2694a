/**
 * What `/config.json` says: how to sign in, and the limits that the page can hold before it sends.
 */
export interface PageConfig {
  identity: IdentitySettings;
  /** Bytes; null when the server names none. */
  maxUploadBytes: number | null;
}

/**
 * `kind` chooses the sign-in; the rest belongs to that kind (Firebase's public web settings, for
 * example).
 */
export interface IdentitySettings {
  readonly kind: string;
  readonly [setting: string]: unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

export function parsePageConfig(json: unknown): PageConfig {
  const { identity, limits } = isObject(json) ? json : {};
  if (!isObject(identity) || typeof identity['kind'] !== 'string')
    throw new Error('/config.json names no identity kind.');
  const maxUploadBytes = isObject(limits) ? limits['maxUploadBytes'] : undefined;
  return {
    identity: { ...identity, kind: identity['kind'] },
    maxUploadBytes: typeof maxUploadBytes === 'number' ? maxUploadBytes : null,
  };
}

export async function fetchPageConfig(signal?: AbortSignal): Promise<PageConfig> {
  const response = await fetch('/config.json', {
    headers: { accept: 'application/json' },
    ...(signal ? { signal } : {}),
  });
  if (!response.ok) throw new Error(`/config.json answered ${response.status}.`);
  return parsePageConfig(await response.json());
}
