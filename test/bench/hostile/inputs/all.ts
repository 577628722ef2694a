import type { HostileInput } from '../input.js';
import { connectionInputs } from './connections.js';
import { documentInputs } from './documents.js';
import { graphqlInputs } from './graphql.js';
import { multipartInputs } from './multipart.js';
import { searchInputs } from './search.js';
import { socketInputs } from './sockets.js';
import { textInputs } from './texts.js';

export const HOSTILE_INPUTS: readonly HostileInput[] = [
  ...multipartInputs,
  ...textInputs,
  ...searchInputs,
  ...graphqlInputs,
  ...socketInputs,
  ...connectionInputs,
  ...documentInputs,
];
