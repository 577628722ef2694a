/**
 * kafkajs 2.2 computes some of its timers from a moment that may have passed; Node takes a negative
 * delay for 1 ms, as kafkajs expects, and since version 24 warns of it. The warning tells nobody
 * anything they could change.
 */
let silenced = false;

export function silenceNegativeTimeouts(): void {
  if (silenced) return;
  silenced = true;
  process.emitWarning = new Proxy(process.emitWarning, {
    apply: (emitWarning, self: unknown, args: unknown[]) => {
      if (!args.includes('TimeoutNegativeWarning')) Reflect.apply(emitWarning, self, args);
    },
  });
}
