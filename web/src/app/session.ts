import { createConnection, type Connection } from '../connection/connection.js';
import { createUploads, type SendFile, type Uploads } from '../upload/uploads.js';

/** The part of a session that depends on the protocol. */
interface SessionClient {
  send: SendFile;
  dispose(): void;
}

/** Everything that the page of one signed-in person keeps open. */
export interface Session<Client = unknown> {
  connection: Connection;
  client: Client;
  uploads: Uploads;
  dispose(): void;
}

export function createSession<Client extends SessionClient>(
  openClient: (connection: Connection) => Client,
  maxUploadBytes: number | null,
): Session<Client> {
  const connection = createConnection();
  const client = openClient(connection);
  const uploads = createUploads({ send: client.send, maxUploadBytes });
  return {
    connection,
    client,
    uploads,
    dispose: () => {
      uploads.abortAll();
      client.dispose();
      connection.dispose();
    },
  };
}
