import { ProblemError, problemFromResponse } from '../api/problem.js';
import { xhrFetch } from '../api/xhr-fetch.js';
import type { Connection } from '../connection/connection.js';
import type { Identity } from '../sign-in/identity.js';
import type { SendFile } from '../upload/uploads.js';
import { runClassicSocket } from './classic-socket.js';
import { createEventHub, type EventHub } from './events.js';
import type { StatusResponse, UploadResponse } from './protocol.js';

/** REST and the plain WebSocket. */
export interface ClassicClient {
  on: EventHub['on'];
  upload: SendFile;
  /** Resolves with null if the document does not exist. */
  status(documentId: string): Promise<StatusResponse | null>;
  /** Connects the WebSocket, and reconnects it until the returned function is called. */
  connect(): () => void;
}

export function createClassicClient(identity: Identity, connection: Connection): ClassicClient {
  const hub = createEventHub();
  const authorization = async () => ({ authorization: `Bearer ${(await identity.token()) ?? ''}` });

  return {
    on: hub.on,
    connect: () => {
      const controller = new AbortController();
      void runClassicSocket(identity, connection, hub, controller.signal);
      return () => controller.abort();
    },
    upload: async (file, { signal, onSent }) => {
      const body = new FormData();
      body.append('file', file, file.name);
      const response = await xhrFetch('/api/documents/upload', {
        headers: await authorization(),
        body,
        signal,
        onSent,
      });
      const text = await response.text();
      if (!response.ok) throw new ProblemError(problemFromResponse(response.status, text));
      const { documentId, duplicateOf } = JSON.parse(text) as UploadResponse;
      return { documentId, duplicateOf: duplicateOf ?? null };
    },
    status: async (documentId) => {
      const response = await fetch(`/api/documents/${encodeURIComponent(documentId)}/status`, {
        headers: await authorization(),
      });
      if (response.status === 404) return null;
      if (!response.ok)
        throw new ProblemError(problemFromResponse(response.status, await response.text()));
      return (await response.json()) as StatusResponse;
    },
  };
}
