/** The entry of `npm run schema`, which prints the contents of `schema.graphql`. */
import { printSchema } from 'graphql';
import { createSchema } from './schema.js';

process.stdout.write(`${printSchema(await createSchema())}\n`);
