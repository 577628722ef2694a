/** A call whose receiver is created after its senders. Before `connect`, `send` does nothing. */
export interface Signal<Result = void> {
  send(): Result | undefined;
  connect(receiver: () => Result): void;
}

export function createSignal<Result = void>(): Signal<Result> {
  let receive: (() => Result) | undefined;
  return {
    send: () => receive?.(),
    connect: (receiver) => {
      receive = receiver;
    },
  };
}
