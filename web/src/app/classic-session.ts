import { createConnection, type Connection } from '../connection/connection.js';
import type { Identity } from '../sign-in/identity.js';
import { createUploads, type SendFile, type Uploads } from '../upload/uploads.js';
import { createClassicClient } from '../classic/classic-client.js';
import { createClassicDocuments, type ClassicDocuments } from '../classic/classic-documents.js';

export interface ClassicSession {
  connection: Connection;
  documents: ClassicDocuments;
  uploads: Uploads;
  dispose(): void;
}

/** What one signed-in person's page holds open while it speaks REST and the plain WebSocket. */
export function createClassicSession(
  identity: Identity,
  maxUploadBytes: number | null,
): ClassicSession {
  const connection = createConnection();
  const client = createClassicClient(identity, connection);
  const documents = createClassicDocuments(client);
  const send: SendFile = async (file, on) => {
    const accepted = await client.upload(file, on);
    documents.addUpload(accepted.documentId, file);
    return accepted;
  };
  const uploads = createUploads({ send, maxUploadBytes });
  const disconnect = client.connect();
  return {
    connection,
    documents,
    uploads,
    dispose: () => {
      uploads.abortAll();
      disconnect();
      documents.stop();
      connection.dispose();
    },
  };
}
