export type SettingsStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Returns the browser's storage, or one that lasts until the page is left. Private windows and
 * strict settings refuse the storage: when it is named, when it is read, or when something is
 * written.
 */
export function openStorage(open: () => SettingsStorage = () => localStorage): SettingsStorage {
  const kept = new Map<string, string>();
  const attempt = <T>(use: (storage: SettingsStorage) => T): T | undefined => {
    try {
      return use(open());
    } catch {
      return undefined;
    }
  };
  return {
    getItem: (key) => attempt((storage) => storage.getItem(key)) ?? kept.get(key) ?? null,
    setItem: (key, value) => {
      kept.set(key, value);
      attempt((storage) => storage.setItem(key, value));
    },
    removeItem: (key) => {
      kept.delete(key);
      attempt((storage) => storage.removeItem(key));
    },
  };
}
