import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { JobsClient } from '../../../library/cluster/jobs-client.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { blurSpec, local, makeScene } from '../../cluster/scene-files.js';
import { imageOf, noise } from '../../conformance/box-tiles.js';
import { freePort, RedisServer } from '../../support/redis-server.js';
import { serve } from '../../support/serve-process.js';
import { writeTiff } from '../../support/tiff-file.js';
import { TcpProxy } from '../tcp-proxy.js';

const WORKER = fileURLToPath(new URL('../../cluster/faulty-worker.js', import.meta.url));
const COORDINATORS = 2;
const WORKERS = 2;
/** A tile takes so much longer than it needs, so that faults meet jobs under way. */
const SLOW_MS = 60;
const HOUR_MS = 3600_000;
/** Longer than coordinator and worker take to hand back what they have. */
const MAX_STOP_MS = 30_000;

/** The job of these tests: some thirty tiles. */
export function faultedSpec(name: (file: string) => string, output: string) {
  return blurSpec(name, output);
}

/** A job that runs as one task of one thread. */
export function tinySpec(name: (file: string) => string, output: string) {
  return jobSpecSchema.parse({ image: name('tiny.tif'), output, operations: [{ name: 'box', params: { radius: 3 } }] });
}

/** Two coordinators on one Redis with an append-only file, and two workers attached to both. */
export class FaultedCluster {
  readonly root: string;
  readonly clients: readonly JobsClient[];
  readonly redis: RedisServer;
  /** SHA-256 of what every job of {@link faultedSpec} must write. */
  readonly expected: string;
  /** The same of {@link tinySpec}. */
  readonly expectedTiny: string;
  readonly #directory: string;
  readonly #ports: readonly number[];
  /** Between each coordinator and Redis. */
  readonly #ways: readonly TcpProxy[];
  readonly #coordinators: ChildProcess[] = [];
  /** How far the clock of each coordinator is off. */
  readonly #clocksOffMs: number[] = [];
  readonly #workers: ChildProcess[] = [];
  /** What all coordinators and workers said, for a failure. */
  log = '';

  private constructor(parts: {
    readonly directory: string;
    readonly ports: readonly number[];
    readonly redis: RedisServer;
    readonly ways: readonly TcpProxy[];
    readonly expected: string;
    readonly expectedTiny: string;
  }) {
    this.#directory = parts.directory;
    this.root = join(parts.directory, 'data');
    this.#ports = parts.ports;
    this.redis = parts.redis;
    this.#ways = parts.ways;
    this.expected = parts.expected;
    this.expectedTiny = parts.expectedTiny;
    this.clients = this.addresses.map((address) => new JobsClient({ address }));
  }

  /** Of both coordinators. */
  get addresses(): string[] {
    return this.#ports.map((port) => `127.0.0.1:${port}`);
  }

  static async start(): Promise<FaultedCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'halotile-schedule-'));
    const onDisk = (name: string) => join(directory, 'data', name);
    await makeScene(join(directory, 'data'));
    await local(faultedSpec(onDisk, onDisk('oracle.tif')));
    const next = noise(1);
    writeTiff(
      onDisk('tiny.tif'),
      imageOf({ width: 96, height: 64 }, { dtype: 'uint8', channels: 3 }, () => next(256)),
    );
    await local(tinySpec(onDisk, onDisk('tiny-oracle.tif')));
    const ports: number[] = [];
    while (ports.length < COORDINATORS) ports.push(await freePort());
    const redis = await RedisServer.start(['--appendonly', 'yes', '--appendfsync', 'everysec']);
    const [expected, expectedTiny] = [sha256(onDisk('oracle.tif')), sha256(onDisk('tiny-oracle.tif'))];
    const ways = await Promise.all(ports.map(() => TcpProxy.start(`127.0.0.1:${redis.port}`)));
    const cluster = new FaultedCluster({ directory, ports, redis, ways, expected, expectedTiny });
    await Promise.all(ports.map((_, index) => cluster.startCoordinator(index)));
    for (let index = 0; index < WORKERS; index++) cluster.startWorker(index);
    return cluster;
  }

  /** @param clockOffMs how far ahead its clock is, or behind where negative */
  async startCoordinator(index: number, clockOffMs = 0): Promise<void> {
    // Leases that end soon: a worker that is stopped must not hold up the test for long.
    const flags = ['--redis', `redis://${this.#ways[index]!.address}`, '--jobs', '2', '--lease-ms', '2000'];
    const nodeArgs = clockOffMs === 0 ? [] : ['--import', clockModule(clockOffMs)];
    const { process } = await serve(this.#directory, this.#ports[index]!, flags, { nodeArgs });
    this.#clocksOffMs[index] = clockOffMs;
    process.stderr!.on('data', (text: string) => {
      this.log += text;
    });
    this.#coordinators[index] = process;
  }

  startWorker(index: number): void {
    const worker = spawn(process.execPath, [WORKER, this.addresses.join(','), `slow:${SLOW_MS}`, '1', this.root], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    worker.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
    this.#workers[index] = worker;
  }

  async killCoordinator(index: number, forMs: number): Promise<void> {
    await kill(this.#coordinators[index]!);
    await pause(forMs);
    await this.startCoordinator(index);
  }

  async killWorker(index: number, forMs: number): Promise<void> {
    await kill(this.#workers[index]!);
    await pause(forMs);
    this.startWorker(index);
  }

  async stopWorker(index: number, forMs: number): Promise<void> {
    const worker = this.#workers[index]!;
    worker.kill('SIGSTOP');
    await pause(forMs);
    worker.kill('SIGCONT');
  }

  async killRedis(forMs: number): Promise<void> {
    await this.redis.kill();
    await pause(forMs);
    await this.redis.restart();
  }

  /** No write has room in Redis meanwhile. */
  async fillRedis(forMs: number): Promise<void> {
    const limit = (bytes: string) =>
      withRedis(this.redis.url, (redis) => redis.config('SET', 'maxmemory', bytes).catch(() => {}));
    await limit('1mb');
    await pause(forMs);
    await limit('0');
  }

  /** The coordinator and its workers see each other meanwhile. */
  async cutFromRedis(index: number, forMs: number): Promise<void> {
    this.#ways[index]!.cut();
    await pause(forMs);
    this.#ways[index]!.mend();
  }

  /** From here on its clock is an hour off, until it is started again. */
  async changeClock(index: number, isAhead: boolean): Promise<void> {
    await stop(this.#coordinators[index]!);
    await this.startCoordinator(index, isAhead ? HOUR_MS : -HOUR_MS);
  }

  async setClocksRight(): Promise<void> {
    for (const [index, offMs] of this.#clocksOffMs.entries()) {
      if (offMs === 0) continue;
      await stop(this.#coordinators[index]!);
      await this.startCoordinator(index);
    }
  }

  /** Each process is asked to end, and started again when it has, as an update of all of them would. */
  async restartInTurn(): Promise<void> {
    for (let index = 0; index < COORDINATORS; index++) {
      await stop(this.#coordinators[index]!);
      await this.startCoordinator(index);
    }
    for (let index = 0; index < WORKERS; index++) {
      await stop(this.#workers[index]!);
      this.startWorker(index);
    }
  }

  /**
   * What no job that is over may have left beside its output, in the storage root. A coordinator that is killed in the
   * middle of a probe leaves that, for a later one's start.
   */
  leftInRoot(outputs: readonly string[]): string[] {
    const known = new Set([
      'raw.tif',
      'deflate.tif',
      'map.tif',
      'oracle.tif',
      'tiny.tif',
      'tiny-oracle.tif',
      ...outputs,
    ]);
    return readdirSync(this.root).filter((name) => !known.has(name) && !name.startsWith('.halotile-probe-'));
  }

  removeOutputs(outputs: readonly string[]): void {
    for (const name of outputs) rmSync(join(this.root, name), { force: true });
  }

  sha256Of(output: string): string {
    return sha256(join(this.root, output));
  }

  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    for (const child of [...this.#workers, ...this.#coordinators]) await kill(child);
    for (const way of this.#ways) way.close();
    await this.redis.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Asks a process to end and waits until it has. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<true>((resolve) => child.once('exit', () => resolve(true)));
  child.kill('SIGTERM');
  if (!(await Promise.race([gone, pause(MAX_STOP_MS)]))) throw new Error(`process ${child.pid} does not end`);
}

/** A module that lets a process take it to be so much later than it is. */
function clockModule(offMs: number): string {
  const code = `
    const Real = Date;
    globalThis.Date = class extends Real {
      constructor(...given) { given.length === 0 ? super(Real.now() + ${offMs}) : super(...given); }
      static now() { return Real.now() + ${offMs}; }
    };`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Commands to a Redis past everything that is between it and the coordinators. */
export async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
