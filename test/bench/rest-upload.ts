/** The multipart upload that both sides accept. */
import { Agent, request } from 'node:http';

export type Upload = (document: {
  userId: string;
  filename: string;
  content: Buffer;
}) => Promise<string>;

const BOUNDARY = 'docstream-bench';

/** Creates an upload over keep-alive connections, which returns the id of the document. */
export function createUpload(url: string, connections: number): { upload: Upload; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    upload: ({ userId, filename, content }) => {
      const body = Buffer.concat([
        Buffer.from(headOf(filename)),
        content,
        Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
      ]);
      return post(`${url}/api/documents/upload`, { agent, userId, body });
    },
    close: () => agent.destroy(),
  };
}

function headOf(filename: string): string {
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\nContent-Type: text/plain\r\n\r\n`;
}

function post(
  url: string,
  { agent, userId, body }: { agent: Agent; userId: string; body: Buffer },
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = {
    authorization: `Bearer dev:${userId}`,
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
    'content-length': body.length,
  };
  const sent = request(url, { method: 'POST', agent, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (received: string) => (text += received));
    response.once('end', () => {
      if (response.statusCode === 202)
        resolve((JSON.parse(text) as { documentId: string }).documentId);
      else reject(new Error(`HTTP ${String(response.statusCode)}: ${text}`));
    });
  });
  sent.once('error', reject);
  sent.end(body);
  return promise;
}
