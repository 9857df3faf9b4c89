import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { badUsage, HalotileError } from '../../../tiling/errors.js';

/** How a Redis is reached: one server, a set of Sentinels that know it, or the nodes of a Cluster. */
export interface RedisEndpoint {
  /** `redis://[USER:PASSWORD@]HOST[:PORT][/DB]`, `rediss://` for TLS; several for Sentinels and Clusters. */
  readonly urls: readonly string[];
  readonly kind: 'server' | 'sentinel' | 'cluster';
  /** What the Sentinels call the server. */
  readonly sentinelMaster?: string;
  /** Instead of what the addresses say. */
  readonly username?: string;
  /** Instead of what the addresses say. */
  readonly password?: string;
  /** PEM, for TLS; the system's authorities where absent. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Before all keys; with braces, so that a Cluster keeps them together. */
  readonly prefix: string;
}

/** A connection of ioredis to any of them. */
export type RedisClient = Redis | Cluster;

/** One connection a purpose, since what each must do when Redis is away differs. */
export interface RedisClients {
  /** Commands that somebody waits for: they fail at once while Redis is away, and after some seconds of silence. */
  readonly commands: RedisClient;
  /** The same for BullMQ: each write of several commands takes up all scripts of its connection, and it has some sixty. */
  readonly tickets: RedisClient;
  /** Waits for jobs: is tried again for ever. */
  readonly waiting: RedisClient;
  /** Hears what other coordinators say. */
  readonly listening: RedisClient;
}

const COMMAND_TIMEOUT_MS = 3_000;
/** A connection without a sign of life for so long is taken to be dead, waiting ones too: those wait for 5 s at most. */
const SILENCE_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const MAX_RECONNECT_MS = 1_000;
/** What a coordinator waits for its Redis when it starts. */
const START_TIMEOUT_MS = 10_000;
const DEFAULT_PORT = 6379;
const DEFAULT_SENTINEL_PORT = 26379;

/**
 * Connects; ioredis is loaded here and nowhere else.
 * @throws bad-usage for an address that is none; unreachable where nobody answers within ten seconds
 */
export async function connectRedis(endpoint: RedisEndpoint, log: (line: string) => void): Promise<RedisClients> {
  const open = await opener(endpoint);
  // What may have run already is not repeated: who asked decides.
  const asked: RedisOptions = {
    ...{ enableOfflineQueue: false, autoResendUnfulfilledCommands: false },
    ...{ commandTimeout: COMMAND_TIMEOUT_MS, maxRetriesPerRequest: 0 },
  };
  const clients: RedisClients = {
    // Jobs that are under way at once send some fifteen commands each: those of one moment go in one write.
    commands: open({ ...asked, enableAutoPipelining: true }),
    tickets: open(asked),
    waiting: open({ maxRetriesPerRequest: null, socketTimeout: SILENCE_MS }),
    listening: open({ maxRetriesPerRequest: null }),
  };
  let said = '';
  for (const client of Object.values(clients) as RedisClient[]) {
    client.on('error', (error: Error) => {
      const line = `redis: ${error.message}`;
      if (line !== said) log(line);
      said = line;
    });
    client.on('ready', () => {
      said = '';
    });
  }
  try {
    await Promise.all(Object.values(clients).map((client: RedisClient) => ready(client, endpoint)));
  } catch (error) {
    disconnectRedis(clients);
    throw error;
  }
  return clients;
}

/** Ends all connections at once. */
export function disconnectRedis(clients: RedisClients): void {
  for (const client of Object.values(clients) as RedisClient[]) client.disconnect();
}

/**
 * A package that a queue in Redis takes. Most installations have none, and these packages are a sixth of what would be installed.
 * @throws not-ready where it is not installed
 */
export async function installed<T>(loaded: Promise<T>): Promise<T> {
  return loaded.catch((cause: unknown) => {
    throw new HalotileError(
      'not-ready',
      {
        what: 'the packages bullmq and ioredis, which a queue in Redis takes, are not there',
        remedy: 'npm install bullmq ioredis',
      },
      { cause },
    );
  });
}

async function opener(endpoint: RedisEndpoint): Promise<(options: RedisOptions) => RedisClient> {
  const { Redis, Cluster } = await installed(import('ioredis'));
  const { kind, urls, sentinelMaster, tls } = endpoint;
  const places = urls.map(placeOf);
  const [first] = places;
  if (first === undefined) throw badUsage({ what: 'no address of a Redis is given', expected: 'redis://HOST:PORT' });
  const credentials = {
    username: endpoint.username ?? first.username,
    password: endpoint.password ?? first.password,
    ...(first.secure && { tls: { ...tls } }),
  };
  const common: RedisOptions = {
    ...credentials,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (times) => Math.min(MAX_RECONNECT_MS, 50 * times),
  };
  if (kind === 'cluster') {
    const nodes = places.map(({ host, port }) => ({ host, port: port ?? DEFAULT_PORT }));
    return (options) => {
      const { enableOfflineQueue = true, ...rest } = options;
      const redisOptions = { ...common, ...rest };
      return new Cluster(nodes, {
        enableOfflineQueue,
        redisOptions,
        dnsLookup: (address, done) => done(null, address),
      });
    };
  }
  if (kind === 'sentinel') {
    const sentinels = places.map(({ host, port }) => ({ host, port: port ?? DEFAULT_SENTINEL_PORT }));
    const known = {
      ...{ sentinels, name: sentinelMaster ?? 'mymaster', db: first.database },
      ...(first.secure && { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
    };
    return (options) => new Redis({ ...common, ...known, ...options });
  }
  if (places.length > 1) {
    const remedy = 'say --redis-sentinel NAME or --redis-cluster';
    throw badUsage({ what: `${places.length} addresses of one Redis`, expected: 'one', remedy });
  }
  const { host, port = DEFAULT_PORT, database: db } = first;
  return (options) => new Redis({ ...common, host, port, db, ...options });
}

function placeOf(text: string) {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    // The text may hold a password.
    throw badUsage({ what: 'not an address of a Redis', where: '--redis', expected: 'redis://HOST:PORT or rediss://' });
  }
  const database = url.pathname === '' || url.pathname === '/' ? 0 : Number(url.pathname.slice(1));
  if (!Number.isSafeInteger(database)) throw badUsage({ what: 'the database of a Redis', expected: 'a number' });
  return {
    ...{ host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? undefined : Number(url.port), database },
    ...{ username: decodeURIComponent(url.username) || undefined, secure: url.protocol === 'rediss:' },
    password: decodeURIComponent(url.password) || undefined,
  };
}

function ready(client: RedisClient, { urls }: RedisEndpoint): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  return new Promise((resolve, reject) => {
    let last = 'it does not answer';
    const onError = (error: Error) => {
      last = error.message;
    };
    client.on('error', onError);
    const timer = setTimeout(() => {
      const hosts = urls.map((url) => URL.parse(url)?.host ?? '').join(', ');
      const remedy = 'start it, or correct --redis';
      reject(new HalotileError('unreachable', { what: `no Redis can be used (${last})`, where: hosts, remedy }));
    }, START_TIMEOUT_MS);
    client.once('ready', () => {
      clearTimeout(timer);
      client.off('error', onError);
      resolve();
    });
  });
}
