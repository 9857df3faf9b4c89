import { randomUUID } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type Command, Option } from 'commander';
import {
  Coordinator,
  DEFAULT_LIMITS,
  halotileVersion,
  WEBHOOK_TARGETS,
  type WebhookTargets,
} from '../../coordinator/index.js';
import { openThreads } from '../../library/executor.js';
import { machineOf } from '../../library/machine.js';
import { badUsage } from '../../tiling/errors.js';
import { collect } from '../config/collect.js';
import { rootsOf } from '../endpoint-options.js';
import { GRACE_SECONDS } from '../interrupt.js';
import { integer } from '../job-options.js';
import { addLogOptions, type LogFlags, openLog } from '../log.js';
import { coordinatorCounters, coordinatorGauges } from '../metrics/coordinator-metrics.js';
import { addMetricsOption, openMetrics } from '../metrics/metrics-server.js';
import { allowPlaces, outputPlaceUrl, place } from '../place-options.js';
import { type AccessFlags, accessWarnings, readAccess, watchAccess } from '../serve-access.js';
import { addRedisOptions, openRedisQueue, type RedisFlags } from '../serve-redis.js';
import { openTraces } from '../traces/traces.js';
import { verifyEveryOf } from '../verify-share.js';

interface ServeFlags extends AccessFlags, LogFlags, RedisFlags {
  readonly state: string;
  readonly root: readonly string[];
  readonly allowPlace: readonly string[];
  readonly allowOutput: readonly string[];
  readonly threads?: number;
  readonly memory?: number;
  readonly jobs: number;
  readonly openJobs: number;
  readonly uploadLimit: number;
  readonly uploads: number;
  readonly calls: number;
  readonly keepDays: number;
  readonly keepLimit: number;
  readonly leaseMs: number;
  readonly attemptLimitMs: number;
  readonly verify?: string;
  readonly web?: string;
  readonly webhooks: WebhookTargets;
  readonly webOrigin: readonly string[];
  readonly durable?: boolean;
  readonly grace: number;
  readonly metrics?: string;
}

const DAY_MS = 24 * 3600_000;
/**
 * The main thread's heap holds little but code, and its messages lie outside it: V8 counts those as growth and marks the
 * whole heap for every 23 MiB that passed through. Room for three times the heap lets the young generation's collection
 * come first, which frees messages at a fraction of the cost; see docs/decisions/008-inline-profile.md.
 */
const HEAP_GROWING_PERCENT = 300;

/** `halotile serve`: a coordinator. */
export function registerServe(program: Command): void {
  const command = program
    .command('serve')
    .option('--listen <address>', 'HOST:PORT to listen on', '127.0.0.1:7070')
    .addOption(
      new Option('--state <directory>', 'queue, uploads and results').default(
        join(homedir(), '.halotile', 'coordinator'),
        '~/.halotile/coordinator',
      ),
    )
    .option('--root <name=directory>', 'storage that jobs may name as root:NAME/PATH; repeat it', collect, [])
    .option('--allow-place <url>', 'https:// or s3:// below which jobs may name inputs; repeat it', place, [])
    .option('--allow-output <url>', 's3:// below which jobs may write outputs, and read; repeat it', outputPlaceUrl, [])
    .option(
      '--tokens <file>',
      'YAML or JSON list of {token, principal, role: client|worker|admin}; read again when it changes',
    )
    .option('--tls-cert <file>', 'certificate chain (PEM)')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-client-ca <file>', 'refuse clients whose certificate this authority did not sign (PEM)')
    .option('--insecure', 'listen beyond this machine without tokens or client certificates')
    .option('--threads <N>', 'threads of each worker that plans assume', integer)
    .option('--memory <MiB>', 'memory of each worker that plans assume', integer)
    .option('--jobs <N>', 'jobs that run at once', integer, 16)
    .option('--open-jobs <N>', 'jobs that one principal may have open', integer, 1000)
    .option('--upload-limit <GiB>', 'uploads that one principal may keep here', integer, 1024)
    .option('--uploads <N>', 'uploads that one principal may keep here, whatever their size', integer, 100_000)
    .option('--calls <N>', 'calls that one client may have under way', integer, 2048)
    .option('--keep-days <N>', 'days after their last use for which uploads and results stay', integer, 14)
    .option(
      '--keep-limit <GiB>',
      'room for uploads and results together; what was unused longest is removed first',
      integer,
      2048,
    )
    .option(
      '--lease-ms <N>',
      'time without a word from a worker after which others get its tiles',
      integer,
      DEFAULT_LIMITS.leaseMs,
    )
    .option('--attempt-limit-ms <N>', 'what one tile may take', integer, DEFAULT_LIMITS.attemptLimitMs)
    .option(
      '--grace <seconds>',
      'what work under way may take once the coordinator is told to stop',
      integer,
      GRACE_SECONDS,
    )
    .option('--verify <1/N>', 'compute one task in N on a second worker too, and compare')
    .option('--web <address>', 'HOST:PORT of a page for browsers: jobs, workers, images as they are made')
    .option(
      '--web-origin <origin>',
      'site whose pages may read images from here, as https://HOST; repeat it',
      collect,
      [],
    )
    .addOption(
      new Option('--webhooks <whom>', 'whom the ends of jobs may be told to: any address, public ones alone, or none')
        .choices(WEBHOOK_TARGETS)
        .default('any'),
    )
    .option('--durable', 'survive a power loss too: wait for the disk at every commit');
  addMetricsOption(addLogOptions(addRedisOptions(command))).action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  const access = readAccess(flags);
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWING_PERCENT}`);
  allowPlaces(flags.allowPlace, flags.allowOutput);
  const machine = machineOf(flags);
  const here = openThreads(machine, []);
  const log = await openLog(flags, { service: 'coordinator' });
  for (const warning of accessWarnings(flags)) log(warning, { level: 'warn' });
  const metrics = await openMetrics(flags.metrics, { version: halotileVersion(), log });
  const traces = await openTraces(process.env, { service: 'halotile-coordinator', version: halotileVersion(), log });
  const stateDirectory = resolve(flags.state);
  const shared = await openRedisQueue(flags, { stateDirectory, log });
  const wallMs = shared?.nowMs ?? Date.now;
  const coordinator = await Coordinator.start({
    queue: shared?.queue,
    observer: metrics && coordinatorCounters(metrics.prom, metrics.registry),
    tracing: traces,
    ...{ listen: flags.listen, stateDirectory, roots: rootsOf(flags.root), ...access },
    limits: { ...DEFAULT_LIMITS, leaseMs: flags.leaseMs, attemptLimitMs: flags.attemptLimitMs },
    verifyEvery: verifyEveryOf(flags.verify),
    ...{ machine, here, maxRunning: flags.jobs, maxOpenJobs: flags.openJobs },
    ...{ maxUploads: flags.uploads, maxCalls: flags.calls },
    ...{ maxUploadBytes: flags.uploadLimit * 2 ** 30, durable: flags.durable === true },
    keep: { maxAgeMs: flags.keepDays * DAY_MS, maxBytes: flags.keepLimit * 2 ** 30 },
    clock: { wallMs, monotonicMs: () => performance.now() },
    newId: () => randomUUID(),
    ...{ web: flags.web, webOrigins: originsOf(flags.webOrigin), webhooks: flags.webhooks },
    log,
  });
  if (metrics !== undefined) {
    const { prom, registry } = metrics;
    coordinatorGauges(prom, { registry, coordinator, stateDirectory, nowMs: wallMs });
  }
  const host = flags.listen.slice(0, flags.listen.lastIndexOf(':'));
  process.stdout.write(`halotile coordinator listens on ${host}:${coordinator.port}\n`);
  if (coordinator.webPort !== undefined) {
    const scheme = access.tls === undefined ? 'http' : 'https';
    const webHost = flags.web!.slice(0, flags.web!.lastIndexOf(':'));
    process.stdout.write(`its page is ${scheme}://${webHost}:${coordinator.webPort}/\n`);
  }
  const unwatch = watchAccess(flags, { renew: (renewed) => coordinator.renew(renewed), log });
  metrics?.readyWhen(() => true);
  await terminated();
  metrics?.readyWhen(() => false);
  unwatch();
  log('shutting down: running jobs go back to the queue');
  await coordinator.close(flags.grace * 1000);
  metrics?.close();
  await traces?.close();
  await here.close();
}

/** @throws bad-usage for what no browser would send as an origin */
function originsOf(origins: readonly string[]): readonly string[] {
  for (const origin of origins) {
    if (/^https?:\/\/[^/\s]+$/.test(origin)) continue;
    throw badUsage({ what: `--web-origin ${origin}`, expected: 'https://HOST or https://HOST:PORT' });
  }
  return origins;
}

/** Returns at the first signal to end; the second one ends at once. */
export function terminated(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = () => {
      if (asked) process.exit(130);
      asked = true;
      resolve();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
}
