/** The content of `/config.json`: how to sign in, and the limits that the page checks itself. */
export interface PageConfig {
  identity: IdentitySettings;
  /** Null if the server names no limit. */
  maxUploadBytes: number | null;
}

/** `kind` selects the sign-in; the other settings, such as Firebase's API key, belong to it. */
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
    signal: signal ?? null,
  });
  if (!response.ok)
    throw new Error(`The server responded to /config.json with ${response.status}.`);
  return parsePageConfig(await response.json());
}
