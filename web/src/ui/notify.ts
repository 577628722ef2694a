import { notifications } from '@mantine/notifications';

/** Mantine's own colour of a text under a title has a contrast below 4.5. */
const TEXT_UNDER_TITLE = { description: { color: 'var(--mantine-color-dimmed)' } };

export function notifySuccess(message: string): void {
  notifications.show({ message, color: 'tide', withBorder: true });
}

/** Shows the failure for 10 s, so that a person can read what to do. */
export function notifyFailure(title: string, action: string): void {
  notifications.show({
    title,
    message: action,
    color: 'red',
    withBorder: true,
    autoClose: 10_000,
    styles: TEXT_UNDER_TITLE,
  });
}
