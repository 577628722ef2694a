/**
 * The only reader of process.env. All problems are reported at once, each in words that name the variable and the cure.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const MIB = 1024 * 1024;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost'];

/** Variables that switch on a real part; this version holds the embedded parts only and must not pretend otherwise. */
const REAL_PART_VARIABLES = [
  'DATABASE_URL',
  'KAFKA_BROKERS',
  'REDIS_URL',
  'WEAVIATE_URL',
  'COHERE_API_KEY',
  'FIREBASE_PROJECT_ID',
  'BLOB_URL',
] as const;

const wholeNumber = (minimum: number, maximum: number) => {
  const error = `must be a whole number from ${String(minimum)} to ${String(maximum)}`;
  const digits = z.string().regex(/^\d{1,16}$/, { error });
  return digits.transform(Number).pipe(z.number().int({ error }).min(minimum, { error }).max(maximum, { error }));
};

const commaList = z
  .string()
  .default('')
  .transform((value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter(Boolean),
  );

const origin = z.string().refine((value) => URL.canParse(value) && new URL(value).origin === value, {
  message: 'must be origins such as https://app.example.com, without a path',
});

const delays = z
  .string()
  .default('5s,1m,10m,30m')
  .transform((value, context) => {
    const parsed = value.split(',').map((item) => parseDurationMs(item.trim()));
    if (parsed.some((delay) => delay === null)) {
      context.addIssue({ code: 'custom', message: 'must be durations such as 5s,1m,10m,30m' });
      return z.NEVER;
    }
    return parsed.filter((delay) => delay !== null);
  });

const HOST_PROBLEM =
  'must be 127.0.0.1, ::1 or localhost while dev:<user> tokens are accepted: whoever reaches the port may say who they are';

const schema = z.object({
  PORT: wholeNumber(0, 65_535).default(4000),
  HOST: z.string().refine(isLoopback, { error: HOST_PROBLEM }).default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('data'),
  CORS_ORIGIN: commaList.pipe(z.array(origin)),
  DEV_ADMINS: commaList,
  OPERATIONS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  MAX_UPLOAD_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(100 * MIB),
  MAX_CHUNKS: wholeNumber(1, 1_000_000).default(20_000),
  MAX_ATTEMPTS: wholeNumber(1, 100).default(5),
  RETRY_DELAYS: delays,
  LEASE_MS: wholeNumber(1_000, 600_000).default(30_000),
  SHUTDOWN_DEADLINE_MS: wholeNumber(0, 600_000).default(20_000),
  WORKER_CONCURRENCY: wholeNumber(1, 256).default(4),
  MAX_RUNNING_PER_USER: wholeNumber(1, 256).default(2),
  EXTRACTION_PROCESSES: wholeNumber(1, 64).default(Math.min(2, availableParallelism())),
  EXTRACTION_TIMEOUT_MS: wholeNumber(100, 3_600_000).default(120_000),
  EXTRACTION_MAX_MIB: wholeNumber(64, 65_536).default(512),
  EMBEDDER_THREADS: wholeNumber(1, 64).default(Math.min(4, availableParallelism())),
});

type Variables = z.infer<typeof schema>;

export interface Config {
  port: number;
  host: string;
  dataDir: string;
  corsOrigins: string[];
  devAdmins: string[];
  operationsToken: string | null;
  logLevel: string;
  maxUploadBytes: number;
  maxChunks: number;
  maxAttempts: number;
  retryDelaysMs: number[];
  leaseMs: number;
  shutdownDeadlineMs: number;
  workerConcurrency: number;
  maxRunningPerUser: number;
  extraction: { processes: number; timeoutMs: number; maxRssBytes: number };
  embedderThreads: number;
}

/** One line a problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** The folder that holds package.json, wherever the process was started. */
export const projectDir = findProjectDir();

/** Reads a `.env` beside package.json, which never overrides what is set, then checks everything. Throws ConfigError. */
export function loadConfig(): Config {
  const file = join(projectDir, '.env');
  if (existsSync(file)) readEnvFile(file);
  return parseConfig(process.env);
}

function readEnvFile(file: string): void {
  try {
    process.loadEnvFile(file);
  } catch {
    throw new ConfigError([`${file} cannot be read: mend or remove it.`]);
  }
}

/** Throws ConfigError with all problems. An empty variable counts as not set. */
export function parseConfig(environment: Record<string, string | undefined>): Config {
  const variables = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = schema.safeParse(variables);
  const problems = [
    ...REAL_PART_VARIABLES.filter((name) => variables[name]).map(
      (name) => `${name} is set, but this version runs the embedded part only: unset it.`,
    ),
    ...(parsed.success ? [] : parsed.error.issues.map(toProblem)),
  ];
  if (problems.length > 0 || !parsed.success) throw new ConfigError([...new Set(problems)]);
  return toConfig(parsed.data);
}

export function isLoopback(host: string): boolean {
  return LOOPBACK_HOSTS.includes(host);
}

function toProblem(issue: z.core.$ZodIssue): string {
  return `${String(issue.path[0])} ${issue.message}.`;
}

function toConfig(variables: Variables): Config {
  return {
    port: variables.PORT,
    host: variables.HOST,
    dataDir: resolve(projectDir, variables.DATA_DIR),
    corsOrigins: variables.CORS_ORIGIN,
    devAdmins: variables.DEV_ADMINS,
    operationsToken: variables.OPERATIONS_TOKEN ?? null,
    logLevel: variables.LOG_LEVEL,
    maxUploadBytes: variables.MAX_UPLOAD_BYTES,
    maxChunks: variables.MAX_CHUNKS,
    maxAttempts: variables.MAX_ATTEMPTS,
    retryDelaysMs: variables.RETRY_DELAYS,
    leaseMs: variables.LEASE_MS,
    shutdownDeadlineMs: variables.SHUTDOWN_DEADLINE_MS,
    workerConcurrency: variables.WORKER_CONCURRENCY,
    maxRunningPerUser: variables.MAX_RUNNING_PER_USER,
    extraction: {
      processes: variables.EXTRACTION_PROCESSES,
      timeoutMs: variables.EXTRACTION_TIMEOUT_MS,
      maxRssBytes: variables.EXTRACTION_MAX_MIB * MIB,
    },
    embedderThreads: variables.EMBEDDER_THREADS,
  };
}

const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function parseDurationMs(text: string): number | null {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  const unit = DURATION_UNITS[match?.[2] ?? ''];
  return unit === undefined ? null : Number(match?.[1]) * unit;
}

function findProjectDir(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) return process.cwd();
    folder = dirname(folder);
  }
  return folder;
}
