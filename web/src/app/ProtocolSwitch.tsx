import { SegmentedControl } from '@mantine/core';
import { isProtocolChoice, type ProtocolChoice } from './protocol-choice.js';

interface ProtocolSwitchProps {
  choice: ProtocolChoice;
  onChoose: (choice: ProtocolChoice) => void;
}

export function ProtocolSwitch({ choice, onChoose }: ProtocolSwitchProps) {
  return (
    <SegmentedControl
      aria-label="Protocol between this page and the server"
      size="xs"
      data={[
        { value: 'graphql', label: 'GraphQL' },
        { value: 'classic', label: 'REST + WebSocket (classic)' },
      ]}
      value={choice}
      onChange={(value) => isProtocolChoice(value) && onChoose(value)}
    />
  );
}
