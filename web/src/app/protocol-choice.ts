import { useLocalStorage } from '@mantine/hooks';

/** The protocol between the page and the server: GraphQL, or REST with the plain WebSocket. */
export type ProtocolChoice = 'graphql' | 'classic';

export const isProtocolChoice = (value: unknown): value is ProtocolChoice =>
  value === 'graphql' || value === 'classic';

export function useProtocolChoice(): [ProtocolChoice, (choice: ProtocolChoice) => void] {
  const [choice, choose] = useLocalStorage<ProtocolChoice>({
    key: 'docstream.protocol',
    defaultValue: 'graphql',
    getInitialValueInEffect: false,
    deserialize: (stored) => (stored === 'classic' ? 'classic' : 'graphql'),
    serialize: (value) => value,
  });
  return [choice, choose];
}
