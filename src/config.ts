/**
 * The configuration. This is the only reader of process.env. All problems are reported at once,
 * each with the variable and the correction.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { address, brokers, commaList, delays, origin, wholeNumber } from './config-values.js';

const MIB = 1024 * 1024;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const LOOPBACK_HOSTS = ['127.0.0.1', '::1', 'localhost'];

/** The processes of a cluster communicate through these servers. */
const REQUIRED_WITH_KAFKA = ['DATABASE_URL', 'REDIS_URL', 'WEAVIATE_URL', 'BLOB_URL'] as const;

const HOST_PROBLEM =
  'HOST must be 127.0.0.1, ::1 or localhost while tokens dev:<user> or tokens of the Firebase emulator are accepted, because anybody who reaches the port can sign in as any user.';

const schema = z.object({
  PORT: wholeNumber(0, 65_535).default(4000),
  HOST: z.string().default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('data'),
  CORS_ORIGIN: commaList.pipe(z.array(origin)),
  DEV_ADMINS: commaList,
  OPERATIONS_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  LOG_LEVEL: z
    .enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` })
    .default('info'),
  MAX_UPLOAD_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(100 * MIB),
  MAX_CHUNKS: wholeNumber(1, 1_000_000).default(20_000),
  MAX_ATTEMPTS: wholeNumber(1, 100).default(5),
  RETRY_DELAYS: delays,
  MAX_CONNECTIONS: wholeNumber(10, 1_000_000).default(10_000),
  CONNECTIONS_PER_USER: wholeNumber(1, 1_000_000).default(50),
  UPLOADS_PER_USER: wholeNumber(1, 200).default(32),
  REQUESTS_PER_SECOND: wholeNumber(1, 1_000_000).default(500),
  LEASE_MS: wholeNumber(1_000, 600_000).default(30_000),
  SHUTDOWN_DEADLINE_MS: wholeNumber(0, 600_000).default(20_000),
  WORKER_CONCURRENCY: wholeNumber(1, 256).default(6),
  MAX_RUNNING_PER_USER: wholeNumber(1, 256).default(2),
  EXTRACTION_PROCESSES: wholeNumber(1, 64).default(2),
  EXTRACTION_TIMEOUT_MS: wholeNumber(100, 3_600_000).default(120_000),
  EXTRACTION_MAX_MIB: wholeNumber(64, 65_536).default(512),
  EMBEDDER_THREADS: wholeNumber(1, 64).default(Math.min(4, availableParallelism())),
  SEARCH_CONCURRENCY: wholeNumber(1, 1_000).default(8),
  MAX_SEARCHES_PER_USER: wholeNumber(1, 1_000).default(2),
  MAX_WAITING_SEARCHES_PER_USER: wholeNumber(0, 10_000).default(8),
  MAX_WAITING_SEARCHES: wholeNumber(0, 10_000).default(64),
  SEARCH_TIMEOUT_MS: wholeNumber(100, 600_000).default(5_000),
  DATABASE_URL: address(
    ['postgres:', 'postgresql:'],
    'postgres://user:password@host:5432/docstream',
  ).optional(),
  DATABASE_POOL: wholeNumber(2, 1_000).default(10),
  STATEMENT_TIMEOUT_MS: wholeNumber(1_000, 3_600_000).default(30_000),
  KAFKA_BROKERS: brokers,
  KAFKA_PARTITIONS: wholeNumber(1, 10_000).default(12),
  KAFKA_USERNAME: z.string().optional(),
  KAFKA_PASSWORD: z.string().optional(),
  REDIS_URL: address(['redis:', 'rediss:'], 'redis://host:6379').optional(),
  WEAVIATE_URL: address(['http:', 'https:'], 'http://host:8080').optional(),
  WEAVIATE_API_KEY: z.string().optional(),
  COHERE_API_KEY: z.string().optional(),
  COHERE_BASE_URL: address(['http:', 'https:'], 'https://api.cohere.com').default(
    'https://api.cohere.com',
  ),
  COHERE_MODEL: z.string().default('embed-v4.0'),
  COHERE_DIMENSIONS: wholeNumber(1, 65_535).default(1_024),
  COHERE_RERANK_MODEL: z.string().optional(),
  COHERE_INPUTS_PER_MINUTE: wholeNumber(1, 100_000_000).default(2_000),
  FIREBASE_PROJECT_ID: z.string().optional(),
  FIREBASE_API_KEY: z.string().optional(),
  FIREBASE_AUTH_DOMAIN: z.string().optional(),
  FIREBASE_AUTH_EMULATOR_HOST: z.string().optional(),
  BLOB_URL: address(['file:', 's3:', 'gs:'], 's3://bucket/folder?region=eu-central-1').optional(),
});

/** The names of all variables that the product reads. */
export const KNOWN_VARIABLES: readonly string[] = Object.keys(schema.shape);

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
  maxConnections: number;
  /** Limits of one user. */
  clientLimits: { requestsPerSecond: number; connectionsPerUser: number; uploadsPerUser: number };
  leaseMs: number;
  shutdownDeadlineMs: number;
  workerConcurrency: number;
  maxRunningPerUser: number;
  extraction: { processes: number; timeoutMs: number; maxRssBytes: number };
  embedderThreads: number;
  search: {
    maxRunning: number;
    maxRunningPerUser: number;
    maxWaitingPerUser: number;
    maxWaiting: number;
    timeoutMs: number;
  };
  /** Null: the embedded database. */
  database: { url: string; poolSize: number; statementTimeoutMs: number } | null;
  /** Null: in-process delivery, with all roles in one process. */
  kafka: {
    brokers: string[];
    partitions: number;
    credentials: { username: string; password: string } | null;
  } | null;
  /** Null: the in-process status bus. */
  redis: { url: string } | null;
  /** Null: the vector store in the database. */
  weaviate: { url: string; apiKey: string | null } | null;
  /** Null: the local embedder. */
  cohere: {
    apiKey: string;
    baseUrl: string;
    model: string;
    dimensions: number;
    inputsPerMinute: number;
    rerankModel: string | null;
  } | null;
  /** Null: tokens `dev:<user>`. */
  firebase: {
    projectId: string;
    apiKey: string;
    authDomain: string;
    emulatorHost: string | null;
  } | null;
  /**
   * Null: the folder `blobs` in the data folder. Never null with Kafka, because all processes must
   * see the same files.
   */
  blobUrl: string | null;
}

/** The configuration is invalid. `problems` has one line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
  }
}

/** The folder of package.json, independent of the working directory. */
export const projectDir = findProjectDir();

/**
 * Reads the environment, and `.env` beside package.json, which never overrides a variable that is
 * set. Throws ConfigError.
 */
export function loadConfig(): Config {
  const file = join(projectDir, '.env');
  if (existsSync(file)) readEnvFile(file);
  return parseConfig(process.env);
}

function readEnvFile(file: string): void {
  try {
    process.loadEnvFile(file);
  } catch {
    throw new ConfigError([`${file} cannot be read; fix or delete it.`]);
  }
}

/** Returns the configuration. An empty variable counts as not set. Throws ConfigError. */
export function parseConfig(environment: Record<string, string | undefined>): Config {
  const variables = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== ''),
  );
  const parsed = schema.safeParse(variables);
  const problems = [
    ...(parsed.success ? [] : parsed.error.issues.map(toProblem)),
    ...combinationProblems(variables),
  ];
  if (problems.length > 0 || !parsed.success) throw new ConfigError([...new Set(problems)]);
  return toConfig(parsed.data);
}

type RawVariables = Record<string, string | undefined>;

function combinationProblems(variables: RawVariables): string[] {
  return [
    ...missingWithKafka(variables),
    ...incompletePairs(variables),
    ...(isOpenToAnybody(variables) ? [HOST_PROBLEM] : []),
  ];
}

function missingWithKafka(variables: RawVariables): string[] {
  const missing = REQUIRED_WITH_KAFKA.filter((name) => !variables[name]);
  if (!variables['KAFKA_BROKERS'] || missing.length === 0) return [];
  return [`KAFKA_BROKERS requires ${missing.join(', ')} as well; set every one of them.`];
}

/** The first variable of each pair requires the second. */
const REQUIRED_PAIRS: readonly (readonly [name: string, required: string, reason: string])[] = [
  ['FIREBASE_PROJECT_ID', 'FIREBASE_API_KEY', 'The page needs this public key for the sign-in.'],
  ['COHERE_RERANK_MODEL', 'COHERE_API_KEY', ''],
  ['FIREBASE_AUTH_EMULATOR_HOST', 'FIREBASE_PROJECT_ID', ''],
];

function incompletePairs(variables: RawVariables): string[] {
  const { KAFKA_USERNAME, KAFKA_PASSWORD } = variables;
  const problems = REQUIRED_PAIRS.filter(
    ([name, required]) => variables[name] && !variables[required],
  ).map(([name, required, reason]) => `${name} requires ${required} as well. ${reason}`.trim());
  return Boolean(KAFKA_USERNAME) === Boolean(KAFKA_PASSWORD)
    ? problems
    : ['KAFKA_USERNAME and KAFKA_PASSWORD belong together; set both or neither.', ...problems];
}

/** Returns true if other machines reach a process that accepts tokens which anybody can make. */
function isOpenToAnybody(variables: RawVariables): boolean {
  const { HOST, FIREBASE_PROJECT_ID, FIREBASE_AUTH_EMULATOR_HOST } = variables;
  const acceptsForgeableTokens = !FIREBASE_PROJECT_ID || Boolean(FIREBASE_AUTH_EMULATOR_HOST);
  return acceptsForgeableTokens && Boolean(HOST) && !isLoopback(HOST ?? '');
}

/** Returns true for a host name of the loopback interface. */
function isLoopback(host: string): boolean {
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
    maxConnections: variables.MAX_CONNECTIONS,
    clientLimits: {
      requestsPerSecond: variables.REQUESTS_PER_SECOND,
      connectionsPerUser: variables.CONNECTIONS_PER_USER,
      uploadsPerUser: variables.UPLOADS_PER_USER,
    },
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
    search: {
      maxRunning: variables.SEARCH_CONCURRENCY,
      maxRunningPerUser: variables.MAX_SEARCHES_PER_USER,
      maxWaitingPerUser: variables.MAX_WAITING_SEARCHES_PER_USER,
      maxWaiting: variables.MAX_WAITING_SEARCHES,
      timeoutMs: variables.SEARCH_TIMEOUT_MS,
    },
    ...toServers(variables),
  };
}

type ServerConfig = Pick<
  Config,
  'database' | 'kafka' | 'redis' | 'weaviate' | 'cohere' | 'firebase' | 'blobUrl'
>;

function toServers(variables: Variables): ServerConfig {
  const { DATABASE_URL, REDIS_URL, WEAVIATE_URL } = variables;
  return {
    database: DATABASE_URL === undefined ? null : toDatabase(DATABASE_URL, variables),
    kafka: toKafka(variables),
    redis: REDIS_URL === undefined ? null : { url: REDIS_URL },
    weaviate:
      WEAVIATE_URL === undefined
        ? null
        : { url: WEAVIATE_URL, apiKey: variables.WEAVIATE_API_KEY ?? null },
    cohere: toCohere(variables),
    firebase: toFirebase(variables),
    blobUrl: variables.BLOB_URL ?? null,
  };
}

function toDatabase(
  url: string,
  { DATABASE_POOL, STATEMENT_TIMEOUT_MS }: Variables,
): Config['database'] {
  return { url, poolSize: DATABASE_POOL, statementTimeoutMs: STATEMENT_TIMEOUT_MS };
}

function toKafka({
  KAFKA_BROKERS,
  KAFKA_PARTITIONS,
  KAFKA_USERNAME,
  KAFKA_PASSWORD,
}: Variables): Config['kafka'] {
  if (KAFKA_BROKERS.length === 0) return null;
  const credentials =
    KAFKA_USERNAME === undefined || KAFKA_PASSWORD === undefined
      ? null
      : { username: KAFKA_USERNAME, password: KAFKA_PASSWORD };
  return { brokers: KAFKA_BROKERS, partitions: KAFKA_PARTITIONS, credentials };
}

function toCohere(variables: Variables): Config['cohere'] {
  if (variables.COHERE_API_KEY === undefined) return null;
  return {
    apiKey: variables.COHERE_API_KEY,
    baseUrl: variables.COHERE_BASE_URL,
    model: variables.COHERE_MODEL,
    dimensions: variables.COHERE_DIMENSIONS,
    inputsPerMinute: variables.COHERE_INPUTS_PER_MINUTE,
    rerankModel: variables.COHERE_RERANK_MODEL ?? null,
  };
}

function toFirebase(variables: Variables): Config['firebase'] {
  const { FIREBASE_PROJECT_ID: projectId, FIREBASE_API_KEY: apiKey } = variables;
  if (projectId === undefined || apiKey === undefined) return null;
  return {
    projectId,
    apiKey,
    authDomain: variables.FIREBASE_AUTH_DOMAIN ?? `${projectId}.firebaseapp.com`,
    emulatorHost: variables.FIREBASE_AUTH_EMULATOR_HOST ?? null,
  };
}

function findProjectDir(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    if (dirname(folder) === folder) return process.cwd();
    folder = dirname(folder);
  }
  return folder;
}
