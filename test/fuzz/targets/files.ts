/** Damaged files of every format: damaged bytes, and damaged entries of zips. */
import fc, { type Arbitrary } from 'fast-check';
import { mutateFile, SOURCES, type FileMutation } from '../damaged-file.js';
import { sendHttp } from '../http-client.js';
import { mutations } from '../mutation.js';
import type { FuzzResponse } from '../responses.js';
import { defineTarget, tokenOf, type Sender } from '../target.js';
import { followDocument } from '../follow-document.js';

const BOUNDARY = 'fuzz-files-boundary';
const TOKENS = [
  '<', '>', '<!--', '-->', '<?xml ', '<![CDATA[', '&', '&#x10FFFF;', '<w:p>', '</w:p>', '<text:p>', '<row>', '<c t="s"><v>0</v></c>', '<a:p>', '<div>', '</i>',
  '%PDF-1', ' 0 obj', '<<', '>>', '[', ']', '(', '/Kids', '/Length 99999999', ' 0 R', 'stream\n', 'endstream', 'xref', '/FlateDecode', 'q ', 'BT ', 'Do ',
  'PK\x03\x04', 'PK\x05\x06', '\0', '\xff', '\xef\xbb\xbf', ' ', '\n', '1', '"', ',', '{', '{"a":', '#', '*', '`', '\\', '\xed\xa0\x80',
]; // prettier-ignore

interface FilesCase {
  files: { user: number; file: FileMutation }[];
}

const damage: Arbitrary<FileMutation> = fc.record({
  source: fc.constantFrom(...SOURCES),
  entry: fc.option(fc.nat(40), { freq: 3 }),
  mutations: mutations(TOKENS),
  extension: fc.option(
    fc.constantFrom('txt', 'pdf', 'docx', 'xlsx', 'pptx', 'odt', 'html', 'json', 'csv', 'md', ''),
    { freq: 8 },
  ),
});

export const filesTarget = defineTarget<FilesCase>({
  name: 'files',
  share: 4,
  cases: fc.record({
    files: fc.array(fc.record({ user: fc.nat(100), file: damage }), { minLength: 1, maxLength: 4 }),
  }),
  send: async (sender, { files }) =>
    (await Promise.all(files.map(({ user, file }) => upload(sender, user, file)))).flat(),
});

async function upload(sender: Sender, user: number, file: FileMutation): Promise<FuzzResponse[]> {
  const { name, content } = await mutateFile(file);
  const token = tokenOf(sender, user);
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), content, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
  };
  const response = await sendHttp(sender.url, {
    method: 'POST',
    path: '/api/documents/upload',
    headers,
    body,
  });
  if (response.status !== 202) return [response];
  const { documentId } = JSON.parse(response.text) as { documentId: string };
  return [response, await followDocument(sender.url, token, documentId)];
}
