/** A worker thread that runs the database engine and its socket. */
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const { dataDir, socket } = workerData as { dataDir: string; socket: string };

const engine = await PGlite.create({ dataDir, extensions: { vector } });
const server = new PGLiteSocketServer({ db: engine, path: socket, maxConnections: 1 });
await server.start();

parentPort?.once('message', () => {
  void server
    .stop()
    .then(() => engine.close())
    .then(() => parentPort?.close());
});
parentPort?.postMessage('ready');
