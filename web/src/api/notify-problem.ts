import { notifications } from '@mantine/notifications';
import { toProblem } from './problem.js';
import { cureOf } from './error-help.js';

export const tellDone = (message: string) =>
  notifications.show({ message, color: 'tide', withBorder: true });

/** What went wrong and what to do about it, where the thing itself has no place to say so. */
export function tellProblem(error: unknown): void {
  const { code } = toProblem(error);
  const { title, cure } = cureOf(code);
  notifications.show({ title, message: cure, color: 'red', withBorder: true, autoClose: 10_000 });
}
