/** The server of `npm run dev`: one process, replaced after each change. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { clearTimeout, setTimeout } from 'node:timers';
import { PROJECT_NODE, inProject, say } from '../launch/paths.mjs';
import { ENTRY } from './compile.mjs';

/** A restart does not wait for running documents; they go back to the queue. */
const SHUTDOWN_DEADLINE_MS = '500';
const STOP_MS = 5_000;

/**
 * `port`: where the server listens; `address`: what it prints instead, because the browser reaches
 * it through Vite.
 */
export function createServerProcess({ port, address }) {
  let running = null;

  function start() {
    const child = spawn(PROJECT_NODE, ['--enable-source-maps', ENTRY], {
      cwd: inProject('.'),
      // The IPC channel ends the server if this process is killed.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { SHUTDOWN_DEADLINE_MS, ...process.env, HOST: '127.0.0.1', PORT: String(port) },
    });
    const server = { child, isStopping: false, exit: once(child, 'exit') };
    child.stdout
      .setEncoding('utf8')
      .on('data', (text) =>
        process.stdout.write(text.replaceAll(`http://127.0.0.1:${port}`, address)),
      );
    void server.exit.then(([code, signal]) => {
      if (!server.isStopping)
        say(`the server exited with ${code ?? signal}; it starts again after the next save`);
    });
    running = server;
  }

  async function stop() {
    if (running === null) return;
    running.isStopping = true;
    const { child, exit } = running;
    running = null;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await exit;
    clearTimeout(timer);
  }

  return {
    stop,
    async restart() {
      await stop();
      start();
    },
  };
}
