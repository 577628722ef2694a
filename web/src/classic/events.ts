import { createEmitter, type Emitter } from '../ui/store.js';
import type { ClassicEventName, ClassicEvents, ClassicMessage } from './protocol.js';

export interface EventHub {
  on<Name extends ClassicEventName>(
    name: Name,
    listener: (data: ClassicEvents[Name]) => void,
  ): () => void;
  emit(message: ClassicMessage): void;
}

export function createEventHub(): EventHub {
  const emitters: { [Name in ClassicEventName]: Emitter<ClassicEvents[Name]> } = {
    authenticated: createEmitter(),
    job_progress: createEmitter(),
    document_processed: createEmitter(),
    error: createEmitter(),
    pong: createEmitter(),
  };
  return {
    on: (name, listener) => emitters[name].on(listener),
    emit: <Name extends ClassicEventName>({ type, data }: ClassicMessage<Name>) =>
      emitters[type].emit(data),
  };
}
