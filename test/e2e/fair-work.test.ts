/** The files of two users occupy the readers, and a third user has one document. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { corpus } from '../support/corpus.js';
import { upload, type UploadFile } from '../support/client.js';
import { countDocuments, newUser, uploadCompleted } from '../support/documents.js';
import { startProduct, type Product } from '../support/product.js';
import { eventually, within } from '../support/wait.js';
import { writeDocx } from '../corpus/make-bomb.js';

const ELEMENTS = 2_000_000;
const COPIES = 6;
const READING_MS = 10_000;
/** A document that is read without a reader process. */
const TEXT_MS = 5_000;
/** Both readers may have just started a file; the rest is for a busy machine. */
const SMALL_FILE_MS = READING_MS + 15_000;

/** Small files that take long to read: one is deep, the other one long. */
const HOSTILE = {
  'deep.docx': '<w:p>'.repeat(ELEMENTS),
  'long.docx': '<w:p><w:r><w:t>a</w:t></w:r></w:p>'.repeat(ELEMENTS),
};

let product: Product;
let hostile: UploadFile[];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'docstream-fair-work-'));
  hostile = await Promise.all(
    Object.entries(HOSTILE).map(([name, body]) => makeDocx(folder, name, body)),
  );
  await rm(folder, { recursive: true });
  // There are two readers, and one user may occupy one.
  const env = {
    EXTRACTION_TIMEOUT_MS: String(READING_MS),
    EXTRACTION_PROCESSES: '2',
    MAX_CHUNKS: '1000',
  };
  product = await startProduct({ env });
});

async function makeDocx(folder: string, name: string, body: string): Promise<UploadFile> {
  const path = join(folder, name);
  await writeDocx(path, `<w:document>${body}</w:document>`);
  return { name, content: await readFile(path), options: { force: true, priority: 'HIGH' } };
}

/** Uploads files of a new user. Resolves when a worker reads one of them. */
async function keepReaderBusy(file: UploadFile): Promise<void> {
  const user = newUser('hostile');
  await Promise.all(Array.from({ length: COPIES }, () => upload(product.url, user, file)));
  const begun = async () => ((await countDocuments(product.url, user))['EXTRACTING'] ?? 0) > 0;
  await eventually(begun, { timeoutMs: SMALL_FILE_MS, what: `the reading of ${file.name}` });
}

it("does not let two users' files delay a third user's document beyond the time limit of one small file", async () => {
  await Promise.all(hostile.map(keepReaderBusy));
  const text = { name: 'short.txt', content: 'Begins at once.' };
  const pdf = await corpus('volcanoes.pdf');
  await Promise.all([
    within(
      uploadCompleted(product.url, newUser('text'), text),
      TEXT_MS,
      'a short text of another user',
    ),
    within(
      uploadCompleted(product.url, newUser('pdf'), pdf),
      SMALL_FILE_MS,
      'a small PDF of another user',
    ),
  ]);
});
