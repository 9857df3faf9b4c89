import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { availableParallelism, hostname } from 'node:os';
import { type Command, Option } from 'commander';
import { halotileVersion } from '../../coordinator/index.js';
import { BACKENDS, type BackendChoice, executorFactory } from '../../library/executor.js';
import { threadsOf } from '../../library/machine.js';
import { memoryForTiles } from '../../library/process-limits.js';
import { badUsage } from '../../tiling/errors.js';
import { StorageRoots } from '../../tiling/sources/storage-roots.js';
import {
  checkGpu,
  checkKernels,
  describeGpu,
  describeKernels,
  Session,
  SessionSet,
  TaskPool,
} from '../../worker/index.js';
import { collect } from '../config/collect.js';
import { addEndpointOptions, type EndpointFlags, endpointOf, rootsOf } from '../endpoint-options.js';
import { GRACE_SECONDS } from '../interrupt.js';
import { integer } from '../job-options.js';
import { addLogOptions, type LogFlags, openLog } from '../log.js';
import { addMetricsOption, openMetrics } from '../metrics/metrics-server.js';
import { workerCounters, workerGauges } from '../metrics/worker-metrics.js';
import { allowPlaces, place } from '../place-options.js';
import { openTraces } from '../traces/traces.js';
import { terminated } from './serve.js';

type WorkerFlags = EndpointFlags &
  LogFlags & {
    readonly coordinator: readonly string[];
    readonly root: readonly string[];
    readonly allowPlace: readonly string[];
    readonly threads?: number;
    readonly memory?: number;
    readonly name?: string;
    readonly grace: number;
    readonly backend: BackendChoice;
    readonly gpuMemory?: number;
    readonly check?: boolean;
    readonly metrics?: string;
  };

/** A thread waits for blocks for up to a fifth of its time, see docs/decisions/006-prefetch-by-extra-threads.md. */
const THREADS_PER_CORE = 1.25;
/** What of a host's name goes into the names of files. */
const MAX_HOST_LENGTH = 63;

/** `halotile worker`: joins one or more coordinators and runs their tiles. */
export function registerWorker(program: Command): void {
  const command = program
    .command('worker')
    .option(
      '--coordinator <address>',
      'HOST:PORT; repeat it to work for several; dns:HOST:PORT is every address that the name has',
      collect,
      [],
    )
    .option('--root <name=directory>', 'storage shared with the coordinator; repeat it', collect, [])
    .option('--allow-place <url>', 'https:// or s3:// below which it reads inputs by itself; repeat it', place, [])
    .option(
      '--threads <N>',
      'tiles that run at once (default: a quarter more than cores, to hide the network)',
      integer,
    )
    .option('--memory <MiB>', 'what tiles may hold together (default: what a limit of the container leaves)', integer)
    .addOption(new Option('--backend <which>', 'what computes the tiles').choices(BACKENDS).default('wasm'))
    .option('--gpu-memory <MiB>', 'device memory that tiles may hold together (default: 2048)', integer)
    .option('--check', 'say which kernels pass on this machine, what GPU there is and what passes on it, then end')
    .option(
      '--grace <seconds>',
      'what tiles under way may take once the worker is told to stop',
      integer,
      GRACE_SECONDS,
    )
    .option('--name <name>', 'name in messages (default: host name and process id)');
  addMetricsOption(addLogOptions(addEndpointOptions(command))).action(work);
}

async function work(flags: WorkerFlags): Promise<void> {
  if (flags.check) {
    process.stdout.write(`${describeKernels(checkKernels())}\n${describeGpu(await checkGpu())}`);
    return;
  }
  if (flags.coordinator.length === 0) {
    throw badUsage({ what: 'no --coordinator is given', expected: 'HOST:PORT', remedy: 'or use --check alone' });
  }
  allowPlaces(flags.allowPlace);
  const threads = threadsOf(flags.threads, Math.ceil(THREADS_PER_CORE * availableParallelism()));
  const host = hostname()
    .replace(/[^A-Za-z0-9-]/g, '-')
    .slice(0, MAX_HOST_LENGTH);
  const instance = `${host}-${randomBytes(16).toString('hex')}`;
  const name = flags.name ?? `${host}-${process.pid}`;
  const roots = new StorageRoots(rootsOf(flags.root));
  const log = await openLog(flags, { service: 'worker', worker: name });
  const checks = checkKernels();
  const kernels = checks.every(({ passed }) => passed) ? 'wasm' : 'reference';
  if (kernels === 'reference') log(`${describeKernels(checks)}; the plain kernels run instead`, { level: 'warn' });
  // Threads that replace others must not append to the part files of the dead.
  let generation = 0;
  const { open, backends, labels } = await executorFactory({
    ...{ threads, backend: flags.backend, kernels, name: instance },
    gpu: { memoryBytes: flags.gpuMemory && flags.gpuMemory * 2 ** 20, onLoss: (line) => log(line, { level: 'warn' }) },
  });
  const metrics = await openMetrics(flags.metrics, { version: halotileVersion(), log });
  const onTaskEnd = metrics && workerCounters(metrics.prom, metrics.registry);
  const pool = new TaskPool(() => {
    const writer = `${instance}-${++generation}`;
    return open(writer);
  }, onTaskEnd);
  const tracing = await openTraces(process.env, { service: 'halotile-worker', version: halotileVersion(), log });
  const memoryBytes = flags.memory ? flags.memory * 2 ** 20 : memoryForTiles();
  const version = halotileVersion();
  // Addresses that are none are refused before anything is dialled.
  for (const address of flags.coordinator) endpointOf(address, flags);
  const sessions = await SessionSet.open({
    coordinators: flags.coordinator,
    open(address, serverName) {
      const endpoint = { ...endpointOf(address, flags), serverName };
      const machine = { version, backends, labels, memoryBytes, roots };
      return new Session({ ...machine, endpoint, instance, name, pool, log, tracing });
    },
    lookUp: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
    log: (line) => log(line, { level: 'warn' }),
  });
  if (metrics !== undefined) workerGauges(metrics.prom, { registry: metrics.registry, pool, sessions });
  metrics?.readyWhen(() => sessions.all.some(({ isConnected }) => isConnected));
  await terminated();
  log(`draining: tiles under way have ${flags.grace} s`);
  await sessions.drain(flags.grace * 1000);
  await pool.close();
  metrics?.close();
  await tracing?.close();
}
