import { Button, Stack, Text, TextInput } from '@mantine/core';
import { IconArrowRight } from '@tabler/icons-react';
import { useState, type FormEvent } from 'react';

interface DevSignInFormProps {
  onSignIn: (name: string) => void;
  isName: (name: string) => boolean;
}

export function DevSignInForm({ onSignIn, isName }: DevSignInFormProps) {
  const [name, setName] = useState('');
  const [isRejected, setIsRejected] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isName(name.trim())) onSignIn(name.trim());
    else setIsRejected(true);
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <TextInput
          label="Your name"
          description="This development server accepts any name. Your documents are stored under it."
          placeholder="ada"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          size="md"
          data-autofocus
          value={name}
          error={
            isRejected && !isName(name.trim())
              ? 'Use 1 to 64 letters, digits, “_” or “-”.'
              : undefined
          }
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="md" rightSection={<IconArrowRight size={18} aria-hidden />}>
          Sign in
        </Button>
        <Text size="xs" c="dimmed">
          No password is needed: this sign-in works on this machine only.
        </Text>
      </Stack>
    </form>
  );
}
