import { join } from 'node:path';
import type { Command } from 'commander';
import type { JobQueue, RedisEndpoint } from '../coordinator/index.js';
import { badUsage } from '../tiling/errors.js';
import type { Log } from '../tiling/log.js';
import { collect } from './config/collect.js';
import { readText } from './endpoint-options.js';
import { integer } from './job-options.js';

/** Flags that put the queue into a Redis, so that several coordinators can share it. */
export interface RedisFlags {
  readonly redis: readonly string[];
  readonly redisSentinel?: string;
  readonly redisCluster?: boolean;
  readonly redisUser?: string;
  readonly redisPasswordFile?: string;
  readonly redisTlsCa?: string;
  readonly redisTlsCert?: string;
  readonly redisTlsKey?: string;
  readonly redisPrefix: string;
  readonly keepJobs: number;
  readonly keepJobDays: number;
}

const PASSWORD_VARIABLE = 'HALOTILE_REDIS_PASSWORD';
const DAY_MS = 24 * 3600_000;

/** Adds the flags. */
export function addRedisOptions(command: Command): Command {
  return command
    .optionsGroup('A queue in Redis:')
    .option(
      '--redis <url>',
      'queue that several coordinators share: redis://HOST:PORT or rediss://; repeat it for Sentinels and Cluster nodes',
      collect,
      [],
    )
    .option('--redis-sentinel <name>', 'the addresses are Sentinels, which call the server by this name')
    .option('--redis-cluster', 'the addresses are nodes of a Cluster')
    .option('--redis-user <name>', 'user of the access list')
    .option('--redis-password-file <file>', `file with the password (default: the variable ${PASSWORD_VARIABLE})`)
    .option('--redis-tls-ca <file>', 'authority that signed the certificate of Redis (PEM)')
    .option('--redis-tls-cert <file>', 'client certificate for Redis (PEM)')
    .option('--redis-tls-key <file>', 'its key (PEM)')
    .option('--redis-prefix <text>', 'before all keys; braces keep them together in a Cluster', '{halotile}')
    .option('--keep-jobs <N>', 'ended jobs that are remembered at most', integer, 100_000)
    .option('--keep-job-days <N>', 'days for which ended jobs are remembered', integer, 14);
}

/** A queue that several coordinators share, and the clock that they go by, in milliseconds since 1970. */
export interface SharedQueue {
  readonly queue: JobQueue;
  readonly nowMs: () => number;
}

/**
 * The queue that the flags name, with its state below a folder that all its coordinators share; undefined for a queue of
 * this process.
 * @throws bad-usage, unreachable
 */
export async function openRedisQueue(
  flags: RedisFlags,
  { stateDirectory, log }: { readonly stateDirectory: string; readonly log: Log },
): Promise<SharedQueue | undefined> {
  const endpoint = endpointOf(flags);
  if (endpoint === undefined) return undefined;
  const { connectRedis, RedisQueue, SharedClock } = await import('../coordinator/queue/redis/index.js');
  const warn = (line: string) => log(line, { level: 'warn' });
  const clients = await connectRedis(endpoint, warn);
  const clock = await SharedClock.start(clients.commands, warn);
  const nowMs = () => clock.nowMs();
  const queue = await RedisQueue.open({
    clients,
    prefix: endpoint.prefix,
    directory: join(stateDirectory, 'jobs'),
    nowMs,
    retentionMs: flags.keepJobDays * DAY_MS,
    maxEnded: flags.keepJobs,
    log: warn,
  });
  return { queue, nowMs };
}

function endpointOf(flags: RedisFlags): RedisEndpoint | undefined {
  const { redis: urls, redisSentinel, redisCluster, redisUser, redisPasswordFile, redisPrefix: prefix } = flags;
  if (urls.length === 0) {
    if (redisSentinel === undefined && redisCluster !== true) return undefined;
    throw badUsage({ what: 'no --redis is given', expected: 'the addresses of the Sentinels or nodes' });
  }
  if (redisSentinel !== undefined && redisCluster === true) {
    throw badUsage({ what: '--redis-sentinel and --redis-cluster', expected: 'one of them' });
  }
  if (redisCluster === true && !/\{[^{}]+\}/.test(prefix)) {
    const expected = 'braces, for example {halotile}: all keys must lie on one node';
    throw badUsage({ what: `--redis-prefix ${prefix}`, expected });
  }
  const password =
    redisPasswordFile === undefined
      ? process.env[PASSWORD_VARIABLE]
      : readText(redisPasswordFile, '--redis-password-file').trim();
  return {
    ...{ urls, prefix, sentinelMaster: redisSentinel, username: redisUser, password: password || undefined },
    kind: redisCluster === true ? 'cluster' : redisSentinel !== undefined ? 'sentinel' : 'server',
    tls: {
      ca: flags.redisTlsCa && readText(flags.redisTlsCa, '--redis-tls-ca'),
      cert: flags.redisTlsCert && readText(flags.redisTlsCert, '--redis-tls-cert'),
      key: flags.redisTlsKey && readText(flags.redisTlsKey, '--redis-tls-key'),
    },
  };
}
