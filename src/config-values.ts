/** The schemas of variables. Each error text completes the sentence `NAME …`. */
import { z } from 'zod';

export function wholeNumber(minimum: number, maximum: number) {
  const error = `must be a whole number from ${minimum} to ${maximum}`;
  const digits = z.string().regex(/^\d{1,16}$/, { error });
  return digits
    .transform(Number)
    .pipe(z.number().int({ error }).min(minimum, { error }).max(maximum, { error }));
}

export const commaList = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );

export const origin = z
  .string()
  .refine((value) => URL.canParse(value) && new URL(value).origin === value, {
    message: 'must be a list of origins without a path, such as https://app.example.com',
  });

export const delays = z
  .string()
  .default('5s,1m,10m,30m')
  .transform((value, context) => {
    const parsed = value.split(',').map((item) => parseDurationMs(item.trim()));
    if (parsed.some((delay) => delay === null)) {
      context.addIssue({
        code: 'custom',
        message: 'must be a list of durations, such as 5s,1m,10m,30m',
      });
      return z.NEVER;
    }
    return parsed.filter((delay) => delay !== null);
  });

/** Returns the schema of a URL with one of these schemes. `example` appears in the error text. */
export function address(schemes: readonly string[], example: string) {
  return z
    .string()
    .refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol), {
      error: `must be a URL such as ${example}`,
    });
}

/** A list of host:port. */
export const brokers = commaList.pipe(
  z.array(
    z.string().regex(/^(\[[0-9a-fA-F:]+\]|[\w.-]+):\d{1,5}$/, {
      error: 'must be a list of host:port, separated by commas',
    }),
  ),
);

const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function parseDurationMs(text: string): number | null {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  const unit = DURATION_UNITS[match?.[2] ?? ''];
  return unit === undefined ? null : Number(match?.[1]) * unit;
}
