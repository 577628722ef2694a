import { Anchor, Container, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import type { ReactNode } from 'react';
import { Brand } from '../ui/Brand.js';
import { ErrorBoundary } from '../ui/ErrorBoundary.js';
import { toHash, useRoute, type Route } from '../ui/route.js';
import { AccountMenu } from './AccountMenu.js';
import { ColorSchemeSwitch } from './ColorSchemeSwitch.js';
import classes from './shell.module.css';

interface ShellProps {
  view: Route['view'];
  userName: string;
  onSignOut: () => void;
  badge: ReactNode;
  banner: ReactNode;
  protocolSwitch: ReactNode;
  children: ReactNode;
}

export function Shell({
  view,
  userName,
  onSignOut,
  badge,
  banner,
  protocolSwitch,
  children,
}: ShellProps) {
  const address = toHash(useRoute());
  return (
    <>
      <header className={classes['header']}>
        <Container size="lg" className={classes['bar'] ?? ''}>
          <Anchor
            href={toHash({ view: 'documents', documentId: null })}
            underline="never"
            c="var(--mantine-color-text)"
            aria-label="docstream"
          >
            <Group gap={10} wrap="nowrap">
              <Brand />
              <Text
                component="span"
                fw={700}
                size="lg"
                className={classes['wordmark'] ?? ''}
                visibleFrom="xs"
              >
                docstream
              </Text>
            </Group>
          </Anchor>
          <Group gap={6} wrap="nowrap">
            {badge}
            <ColorSchemeSwitch />
            <AccountMenu userName={userName} onSignOut={onSignOut} />
          </Group>
        </Container>
      </header>
      <Container component="main" size="lg" className={classes['main'] ?? ''}>
        <VisuallyHidden component="h1">{view === 'search' ? 'Search' : 'Documents'}</VisuallyHidden>
        <Stack gap="md">
          <div className={classes['top']}>
            <nav aria-label="Views" className={classes['views']}>
              <ViewLink to="documents" current={view} label="Documents" />
              <ViewLink to="search" current={view} label="Search" />
            </nav>
            {protocolSwitch}
          </div>
          {banner}
          <ErrorBoundary resetKey={address}>{children}</ErrorBoundary>
        </Stack>
      </Container>
    </>
  );
}

function ViewLink({
  to,
  current,
  label,
}: {
  to: Route['view'];
  current: Route['view'];
  label: string;
}) {
  return (
    <a
      href={toHash({ view: to, documentId: null })}
      className={classes['view']}
      aria-current={to === current ? 'page' : undefined}
    >
      {label}
    </a>
  );
}
