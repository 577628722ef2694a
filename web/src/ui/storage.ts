export type SettingsStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Returns the browser's storage, with a copy in memory for as long as the page is open. Private
 * windows and strict settings throw when the storage is accessed, read or written; the copy then
 * takes its place.
 */
export function openStorage(open: () => SettingsStorage = () => localStorage): SettingsStorage {
  const copy = new Map<string, string>();
  const useStorage = <T>(use: (storage: SettingsStorage) => T): T | undefined => {
    try {
      return use(open());
    } catch {
      return undefined;
    }
  };
  return {
    getItem: (key) => useStorage((storage) => storage.getItem(key)) ?? copy.get(key) ?? null,
    setItem: (key, value) => {
      copy.set(key, value);
      useStorage((storage) => storage.setItem(key, value));
    },
    removeItem: (key) => {
      copy.delete(key);
      useStorage((storage) => storage.removeItem(key));
    },
  };
}
