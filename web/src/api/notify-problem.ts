import { notifications } from '@mantine/notifications';
import { toProblem } from './problem.js';
import { errorHelp } from './error-help.js';

export const notifySuccess = (message: string) =>
  notifications.show({ message, color: 'tide', withBorder: true });

/** What went wrong and what to do about it, where the thing itself has no place to say so. */
export function notifyProblem(error: unknown): void {
  const { code } = toProblem(error);
  const { title, action } = errorHelp(code);
  notifications.show({ title, message: action, color: 'red', withBorder: true, autoClose: 10_000 });
}
