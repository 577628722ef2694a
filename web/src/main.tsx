import '@fontsource-variable/inter/index.css';
import '@mantine/core/styles.css';
import '@mantine/dropzone/styles.css';
import '@mantine/notifications/styles.css';
import './app/page.css';
import { MantineProvider } from '@mantine/core';
import { ModalsProvider } from '@mantine/modals';
import { Notifications } from '@mantine/notifications';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Page } from './app/Page.js';
import { ErrorBoundary } from './ui/ErrorBoundary.js';
import { cssVariablesResolver, theme } from './ui/theme.js';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root.');

createRoot(root).render(
  <StrictMode>
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariablesResolver}
      defaultColorScheme="auto"
    >
      <ErrorBoundary isWholePage>
        <ModalsProvider>
          <Notifications position="bottom-right" />
          <Page />
        </ModalsProvider>
      </ErrorBoundary>
    </MantineProvider>
  </StrictMode>,
);
