export interface Emitter<Event> {
  emit(event: Event): void;
  /** Returns a function that removes the listener. */
  on(listener: (event: Event) => void): () => void;
}

export function createEmitter<Event>(): Emitter<Event> {
  const listeners = new Set<(event: Event) => void>();
  return {
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A value that components read with `useSyncExternalStore(store.subscribe, store.get)`. */
export interface Readable<Value> {
  get(): Value;
  subscribe(listener: () => void): () => void;
}

export interface Store<Value> extends Readable<Value> {
  set(next: Value): void;
}

export function createStore<Value>(initial: Value): Store<Value> {
  let value = initial;
  const changes = createEmitter<undefined>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      changes.emit(undefined);
    },
    subscribe: changes.on,
  };
}
