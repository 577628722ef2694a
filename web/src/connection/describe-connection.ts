import type { ConnectionState } from './connection.js';

export interface ConnectionDescription {
  /** One or two words for the badge. */
  label: string;
  /** A sentence for the banner; null while the connection needs no explanation. */
  sentence: string | null;
  tone: 'ok' | 'busy' | 'down';
}

/** `browserOnline`: the browser is certain that it is offline, but never that it is online. */
export function describeConnection(
  state: ConnectionState,
  browserOnline: boolean,
  nowMs: number,
): ConnectionDescription {
  if (state.phase === 'live') return { label: 'Live', sentence: null, tone: 'ok' };
  if (state.phase === 'connecting') return { label: 'Connecting…', sentence: null, tone: 'busy' };
  if (!browserOnline) {
    return {
      label: 'Offline',
      sentence: 'You are offline. The page shows the last known state until the network is back.',
      tone: 'down',
    };
  }
  if (state.phase === 'retrying')
    return {
      label: 'Reconnecting…',
      sentence: 'The server is not responding. Trying again now…',
      tone: 'down',
    };
  const seconds = Math.max(1, Math.ceil((state.nextRetryAt - nowMs) / 1000));
  return {
    label: 'Reconnecting…',
    sentence:
      'The server is not responding. The page shows the last known state. ' +
      `Next attempt in ${seconds}\u00a0s.`,
    tone: 'down',
  };
}
