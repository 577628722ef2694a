import react from '@vitejs/plugin-react';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * For work on the page alone: `vite --config web/vite.config.ts` shows it with a server that runs
 * elsewhere.
 */
const server = process.env['DOCSTREAM_URL'] ?? 'http://127.0.0.1:4000';

export default defineConfig({
  root: here('.'),
  plugins: [react()],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    // Monaco alone is larger than the default limit; it belongs to the playground only.
    chunkSizeWarningLimit: 5_000,
    rolldownOptions: {
      input: { page: here('index.html'), playground: here('playground.html') },
      // Libraries mark their modules for React's compiler and server; nothing here reads those
      // marks.
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
