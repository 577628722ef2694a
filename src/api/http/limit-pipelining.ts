import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Requests of one connection that run at once. Ordinary clients send one at a time. */
const MAX_RUNNING = 10;
/** Further requests of the connection that may wait. */
const MAX_WAITING = 100;

interface Pipeline {
  running: number;
  waiting: { request: IncomingMessage; response: ServerResponse }[];
}

/**
 * Limits the pipelined requests of one connection, because Node emits every request of a packet at
 * once. Further requests wait unread; a client that sends too many is disconnected.
 */
export function limitPipelining(listener: RequestListener): RequestListener {
  const pipelines = new WeakMap<Socket, Pipeline>();

  function serve(pipeline: Pipeline, request: IncomingMessage, response: ServerResponse): void {
    pipeline.running += 1;
    response.once('close', () => {
      pipeline.running -= 1;
      const next = pipeline.waiting.shift();
      if (next && !next.request.socket.destroyed) serve(pipeline, next.request, next.response);
    });
    listener(request, response);
  }

  return (request, response) => {
    const pipeline = pipelines.get(request.socket) ?? { running: 0, waiting: [] };
    pipelines.set(request.socket, pipeline);
    if (pipeline.running < MAX_RUNNING) serve(pipeline, request, response);
    else if (pipeline.waiting.length < MAX_WAITING) pipeline.waiting.push({ request, response });
    else request.socket.destroy();
  };
}
