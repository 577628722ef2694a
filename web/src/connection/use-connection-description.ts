import { useNetwork } from '@mantine/hooks';
import { useSyncExternalStore } from 'react';
import { useNow } from '../ui/use-now.js';
import type { Connection } from './connection.js';
import { describeConnection, type ConnectionDescription } from './describe-connection.js';

export function useConnectionDescription(connection: Connection): ConnectionDescription {
  const state = useSyncExternalStore(connection.subscribe, connection.get);
  const { online } = useNetwork();
  const now = useNow(state.phase === 'waiting');
  return describeConnection(state, online, now);
}
