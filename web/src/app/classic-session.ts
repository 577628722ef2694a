import { createClassicClient } from '../classic/classic-client.js';
import { createClassicDocuments, type ClassicDocuments } from '../classic/classic-documents.js';
import type { Identity } from '../sign-in/identity.js';
import type { SendFile } from '../upload/uploads.js';
import { createSession, type Session } from './session.js';

export interface ClassicSessionClient {
  documents: ClassicDocuments;
  send: SendFile;
  dispose(): void;
}

export function createClassicSession(
  identity: Identity,
  maxUploadBytes: number | null,
): Session<ClassicSessionClient> {
  return createSession((connection) => {
    const client = createClassicClient(identity, connection);
    const documents = createClassicDocuments(client);
    const disconnect = client.connect();
    return {
      documents,
      send: async (file, options) => {
        const accepted = await client.upload(file, options);
        documents.addUpload(accepted.documentId, file);
        return accepted;
      },
      dispose: () => {
        disconnect();
        documents.stop();
      },
    };
  }, maxUploadBytes);
}
