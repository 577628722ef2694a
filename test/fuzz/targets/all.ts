import type { AnyTarget } from '../target.js';
import { filesTarget } from './files.js';
import { framesTarget } from './frames.js';
import { graphqlTarget } from './graphql.js';
import { messagesTarget } from './messages.js';
import { multipartTarget } from './multipart.js';

export const TARGETS: readonly AnyTarget[] = [
  multipartTarget,
  graphqlTarget,
  framesTarget,
  messagesTarget,
  filesTarget,
] as unknown as AnyTarget[];
