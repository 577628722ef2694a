/**
 * Silences Node's TimeoutNegativeWarning. kafkajs 2.2 computes some of its timers from a moment
 * that may have passed. Node takes a negative delay as 1 ms, as kafkajs expects, and warns of it
 * since version 24. Nobody who reads the warning could change anything.
 */
let isSilenced = false;

export function silenceNegativeTimeouts(): void {
  if (isSilenced) return;
  isSilenced = true;
  process.emitWarning = new Proxy(process.emitWarning, {
    apply: (emitWarning, self: unknown, args: unknown[]) => {
      if (!args.includes('TimeoutNegativeWarning')) Reflect.apply(emitWarning, self, args);
    },
  });
}
