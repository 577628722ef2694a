import { Alert, Center, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Brand } from '../ui/Brand.js';

interface SignInProps {
  signOutReason: string | null;
  children: ReactNode;
}

export function SignIn({ signOutReason, children }: SignInProps) {
  return (
    <Center component="main" mih="100dvh" p="md">
      <Stack w="100%" maw={400} gap="xl">
        <Stack gap={6} align="center">
          <Brand size={44} />
          <Title order={1} size="h3" ta="center" mt="xs">
            Sign in to docstream
          </Title>
          <Text c="dimmed" ta="center" size="sm" style={{ textWrap: 'balance' }}>
            Upload documents, search their passages, and watch their progress live.
          </Text>
        </Stack>
        {signOutReason !== null && (
          <Alert color="orange" variant="light" role="alert">
            {signOutReason}
          </Alert>
        )}
        <Paper withBorder p={{ base: 'lg', xs: 'xl' }} radius="lg" shadow="sm">
          {children}
        </Paper>
      </Stack>
    </Center>
  );
}
