import { createEmitter, createStore } from '../../web/src/ui/store.js';

describe('the emitter', () => {
  it('sends each event to every listener until the listener is removed', () => {
    const emitter = createEmitter<number>();
    const first: number[] = [];
    const second: number[] = [];
    const remove = emitter.on((event) => first.push(event));
    emitter.on((event) => second.push(event));
    emitter.emit(1);
    remove();
    emitter.emit(2);
    expect(first).toEqual([1]);
    expect(second).toEqual([1, 2]);
  });
});

describe('the store', () => {
  it('holds the new value when it notifies its listeners', () => {
    const store = createStore('old');
    const seen: string[] = [];
    store.subscribe(() => seen.push(store.get()));
    store.set('new');
    expect(seen).toEqual(['new']);
  });
});
