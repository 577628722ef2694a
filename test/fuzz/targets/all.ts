import type { Target } from '../target.js';
import { filesTarget } from './files.js';
import { framesTarget } from './frames.js';
import { graphqlTarget } from './graphql.js';
import { messagesTarget } from './messages.js';
import { multipartTarget } from './multipart.js';

export const TARGETS: readonly Target[] = [
  multipartTarget,
  graphqlTarget,
  framesTarget,
  messagesTarget,
  filesTarget,
];
