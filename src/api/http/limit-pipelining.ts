import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that are served at once, and those that may wait behind them: clients
 * that share a connection send one at a time.
 */
const AT_ONCE = 10;
const MAX_WAITING = 100;

interface Pipeline {
  running: number;
  waiting: { request: IncomingMessage; response: ServerResponse }[];
}

/**
 * Node hands over every request that a client has put into a packet. Further ones wait here unread;
 * a client that sends too many is cut off.
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
    if (pipeline.running < AT_ONCE) serve(pipeline, request, response);
    else if (pipeline.waiting.length < MAX_WAITING) pipeline.waiting.push({ request, response });
    else request.socket.destroy();
  };
}
