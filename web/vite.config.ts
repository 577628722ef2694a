import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const toPath = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The server behind `vite --config web/vite.config.ts`, which serves the page for development. */
const server = process.env['DOCSTREAM_URL'] ?? 'http://127.0.0.1:4000';

export default defineConfig({
  root: toPath('.'),
  plugins: [react()],
  build: {
    outDir: toPath('../dist/web'),
    emptyOutDir: true,
    // Monaco, which only the playground loads, exceeds the default limit.
    chunkSizeWarningLimit: 5_000,
    rolldownOptions: {
      input: { page: toPath('index.html'), playground: toPath('playground.html') },
      // Libraries contain directives for React's compiler and server, which this build ignores.
      onLog: (level, log, report) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
    },
  },
  worker: { format: 'es' },
  server: {
    proxy: {
      '/graphql': { target: server, ws: true },
      '/ws': { target: server, ws: true },
      '/api': server,
      '/config.json': server,
    },
  },
});
