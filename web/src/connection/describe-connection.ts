import type { ConnectionState } from './connection.js';

export interface ConnectionDescription {
  /** One or two words for the badge. */
  label: string;
  /** A sentence for the banner; null while there is nothing to tell. */
  sentence: string | null;
  tone: 'calm' | 'busy' | 'down';
}

/**
 * `browserOnline`: what the browser says of its own network; false is certain, true is only a hope.
 */
export function describeConnection(
  state: ConnectionState,
  browserOnline: boolean,
  nowMs: number,
): ConnectionDescription {
  if (state.phase === 'live') return { label: 'Live', sentence: null, tone: 'calm' };
  if (state.phase === 'connecting') return { label: 'Connecting…', sentence: null, tone: 'busy' };
  if (!browserOnline) {
    return {
      label: 'Offline',
      sentence:
        'You are offline. What you see is what we last knew; it is brought up to date when the network is back.',
      tone: 'down',
    };
  }
  if (state.phase === 'retrying')
    return {
      label: 'Reconnecting…',
      sentence: 'The server does not answer. Trying again now…',
      tone: 'down',
    };
  const seconds = Math.max(1, Math.ceil((state.nextRetryAt - nowMs) / 1000));
  return {
    label: 'Reconnecting…',
    sentence: `The server does not answer. What you see is what we last knew. Next try in ${seconds}\u00a0s.`,
    tone: 'down',
  };
}
