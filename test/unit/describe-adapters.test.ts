import { describeAdapters } from '../../src/app/describe-adapters.js';
import { parseConfig } from '../../src/config.js';

const ofComponent = (name: string, environment: Record<string, string>) =>
  describeAdapters(parseConfig(environment), null).find(({ component }) => component === name);

describe('the table of adapters', () => {
  it('has one row for each port', () => {
    expect(describeAdapters(parseConfig({}), null).map(({ component }) => component)).toEqual([
      'Database',
      'Event log',
      'Status bus',
      'Vector store',
      'Embedder',
      'Identity',
      'Blob store',
    ]);
  });

  it('shows no user name, password or query string of an address', () => {
    const DATABASE_URL = 'postgres://me:secret@db:5432/docstream?sslmode=require';
    expect(ofComponent('Database', { DATABASE_URL })).toEqual({
      component: 'Database',
      adapter: 'PostgreSQL',
      address: 'postgres://db:5432/docstream',
    });
    const BLOB_URL = 's3://key:secret@bucket/folder?region=eu-central-1';
    expect(ofComponent('Blob store', { BLOB_URL })).toMatchObject({
      adapter: 's3',
      address: 's3://bucket/folder',
    });
  });

  it('shows the model of the embedder', () => {
    const embedder = { model: 'a-model', dimensions: 3, maxTexts: 1 };
    const adapters = { embedder } as unknown as Parameters<typeof describeAdapters>[1];
    expect(describeAdapters(parseConfig({}), adapters)).toEqual(
      expect.arrayContaining([
        { component: 'Embedder', adapter: 'a-model', address: 'worker threads' },
        {
          component: 'Vector store',
          adapter: 'pgvector in the database',
          address: '3 dimensions',
        },
      ]),
    );
  });
});
