/**
 * The stand-in as a separate process:
 *
 *     node test/support/cohere-stand-in/main.mjs [--port 0] [--key stand-in-key] [--dimensions 384]
 *
 * It prints its address as soon as it listens.
 */
import { parseArgs } from 'node:util';
import { createCohereStandIn } from './server.mjs';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    key: { type: 'string', default: 'stand-in-key' },
    // The dimensions of embed-english-light-v3.0; output_dimension of a call overrides them.
    dimensions: { type: 'string', default: '384' },
  },
});

const server = createCohereStandIn({ apiKey: values.key, dimensions: Number(values.dimensions) });
server.listen(Number(values.port), '127.0.0.1', () =>
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`),
);

for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
  });
