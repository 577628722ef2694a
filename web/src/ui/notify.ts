import { notifications } from '@mantine/notifications';

export function notifySuccess(message: string): void {
  notifications.show({ message, color: 'tide', withBorder: true });
}

/** Stays for 10 s, so that a person can read what to do. */
export function notifyFailure(title: string, action: string): void {
  notifications.show({ title, message: action, color: 'red', withBorder: true, autoClose: 10_000 });
}
