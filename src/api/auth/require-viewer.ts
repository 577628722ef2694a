import type { Viewer } from '../../documents/ports.js';
import { missingToken, type Authentication } from './authenticate.js';

/** Returns the user of a request. Throws UNAUTHENTICATED if it has no valid token. */
export function requireViewer({ viewer, rejection }: Authentication): Viewer {
  if (viewer === null) throw rejection ?? missingToken();
  return viewer;
}
