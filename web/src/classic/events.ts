import type { ClassicEventName, ClassicEvents, ClassicMessage } from './protocol.js';

type Listener<Name extends ClassicEventName> = (data: ClassicEvents[Name]) => void;

export interface EventHub {
  on<Name extends ClassicEventName>(name: Name, listener: Listener<Name>): () => void;
  emit(message: ClassicMessage): void;
}

export function createEventHub(): EventHub {
  const listeners: { [Name in ClassicEventName]: Set<Listener<Name>> } = {
    authenticated: new Set(),
    job_progress: new Set(),
    document_processed: new Set(),
    error: new Set(),
    pong: new Set(),
  };
  return {
    on: (name, listener) => {
      listeners[name].add(listener);
      return () => listeners[name].delete(listener);
    },
    emit: <Name extends ClassicEventName>({ type, data }: ClassicMessage<Name>) => {
      for (const listener of listeners[type]) listener(data);
    },
  };
}
