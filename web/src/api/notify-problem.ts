import { notifyFailure } from '../ui/notify.js';
import { errorHelp } from './error-help.js';
import { toProblem } from './problem.js';

/** Notifies the person of a failure that no element of the page can show. */
export function notifyProblem(error: unknown): void {
  const { title, action } = errorHelp(toProblem(error).code);
  notifyFailure(title, action);
}
