import { useLocalStorage } from '@mantine/hooks';

/** How the page speaks with the server: the two sets of methods that docstream has. */
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
