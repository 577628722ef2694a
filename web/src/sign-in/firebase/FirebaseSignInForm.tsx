import {
  Alert,
  Anchor,
  Button,
  Divider,
  Group,
  PasswordInput,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { IconArrowRight, IconBrandGoogleFilled } from '@tabler/icons-react';
import type { FirebaseSignInMethods } from './firebase-identity.js';
import { useSignInForm, type SignInFormState } from './use-sign-in-form.js';

export function FirebaseSignInForm({ methods }: { methods: FirebaseSignInMethods }) {
  const form = useSignInForm(methods);
  const { isNew, problem, note, busy } = form;
  return (
    <form onSubmit={form.submit} noValidate aria-label={isNew ? 'Create an account' : 'Sign in'}>
      <Stack gap="md">
        {problem !== null && (
          <Alert color="red" variant="light" role="alert" p="sm">
            {problem}
          </Alert>
        )}
        {note !== null && (
          <Alert color="tide" variant="light" role="status" p="sm">
            {note}
          </Alert>
        )}
        <Fields {...form} />
        <Button
          type="submit"
          size="md"
          loading={busy === 'password'}
          disabled={busy === 'google'}
          rightSection={<IconArrowRight size={18} aria-hidden />}
        >
          {isNew ? 'Create account' : 'Sign in'}
        </Button>
        {form.signInWithGoogle && <GoogleButton busy={busy} onClick={form.signInWithGoogle} />}
        <Text size="sm" c="dimmed" ta="center">
          {isNew ? 'Do you have an account?' : 'New here?'}{' '}
          <Anchor component="button" type="button" size="sm" fw={600} onClick={form.toggleIsNew}>
            {isNew ? 'Sign in instead' : 'Create an account'}
          </Anchor>
        </Text>
      </Stack>
    </form>
  );
}

function Fields({ isNew, email, password, set, reset }: SignInFormState) {
  return (
    <>
      <TextInput
        label="E-mail"
        type="email"
        placeholder="ada@example.com"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        inputMode="email"
        size="md"
        data-autofocus
        value={email}
        onChange={(event) => set({ email: event.currentTarget.value })}
      />
      <div>
        <PasswordInput
          label="Password"
          size="md"
          description={
            isNew
              ? 'At least 6 characters. A few words are easy to remember and hard to guess.'
              : undefined
          }
          autoComplete={isNew ? 'new-password' : 'current-password'}
          visibilityToggleButtonProps={{
            'aria-label': 'Show the password',
            'aria-hidden': false,
            tabIndex: 0,
          }}
          value={password}
          onChange={(event) => set({ password: event.currentTarget.value })}
        />
        {!isNew && (
          <Group justify="flex-end" mt={6}>
            <Anchor component="button" type="button" size="sm" onClick={() => void reset()}>
              Forgot your password?
            </Anchor>
          </Group>
        )}
      </div>
    </>
  );
}

function GoogleButton({ busy, onClick }: { busy: SignInFormState['busy']; onClick: () => void }) {
  return (
    <>
      <Divider label="or" />
      <Button
        variant="default"
        size="md"
        leftSection={<IconBrandGoogleFilled size={18} aria-hidden />}
        loading={busy === 'google'}
        disabled={busy === 'password'}
        onClick={onClick}
      >
        Continue with Google
      </Button>
    </>
  );
}
