import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Coordinator, type CoordinatorOptions, DEFAULT_LIMITS, type SchedulerLimits } from '../../coordinator/index.js';
import type { JobQueue } from '../../coordinator/queue/job-queue.js';
import { connectRedis, RedisQueue } from '../../coordinator/queue/redis/index.js';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { openThreads } from '../../library/executor.js';
import { MACHINE, makeScene } from './scene-files.js';
import { assertNoPathsShown } from './shown-texts.js';

/** What a worker of a test does wrong; see faulty-worker.ts. */
export type Fault =
  | `crash:${number}`
  | `hang:${number}`
  | `slow:${number}`
  | `unequal:${number}`
  | `crash-frame:${string}`
  | `lie:${string}`
  | 'idle'
  | 'wrong'
  | 'twice'
  | 'none';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** A worker process. */
export class TestWorker {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  log = '';

  constructor(process: ChildProcess) {
    this.process = process;
    this.exited = new Promise((resolve) => process.once('exit', resolve));
    process.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.log += text;
    });
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.process.kill(signal);
    return this.exited;
  }
}

/**
 * The queue in the Redis that the variable HALOTILE_TEST_REDIS names, so that every test of a cluster can be run on it;
 * each has keys of its own.
 */
async function askedQueue(directory: string): Promise<JobQueue | undefined> {
  const url = process.env.HALOTILE_TEST_REDIS;
  if (url === undefined) return undefined;
  const prefix = `{${randomUUID()}}`;
  const log = () => {};
  const clients = await connectRedis({ urls: [url], kind: 'server', prefix }, log);
  return RedisQueue.open({ clients, prefix, directory, nowMs: () => Date.now(), retentionMs: 1e12, log });
}

/** A coordinator in this process, workers in others, and a folder that is its storage root `data`. */
export class TestCluster {
  readonly directory: string;
  readonly root: string;
  readonly coordinator: Coordinator;
  readonly client: JobsClient;
  readonly log: string[];
  readonly workers: TestWorker[] = [];
  readonly #workerToken: string | undefined;
  readonly #close: () => Promise<void>;

  private constructor(
    parts: Pick<TestCluster, 'directory' | 'root' | 'coordinator' | 'client' | 'log'>,
    { workerToken, close }: { readonly workerToken: string | undefined; readonly close: () => Promise<void> },
  ) {
    this.directory = parts.directory;
    this.root = parts.root;
    this.coordinator = parts.coordinator;
    this.client = parts.client;
    this.log = parts.log;
    this.#workerToken = workerToken;
    this.#close = close;
  }

  static async start(
    limits: Partial<SchedulerLimits> = {},
    options: Partial<CoordinatorOptions> = {},
  ): Promise<TestCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'halotile-cluster-'));
    const root = join(directory, 'data');
    await makeScene(root);
    const here = openThreads({ ...MACHINE, threads: 1 });
    const log: string[] = [];
    const { stateDirectory = join(directory, 'state') } = options;
    const coordinator = await Coordinator.start({
      queue: await askedQueue(join(stateDirectory, 'jobs')),
      ...{ listen: '127.0.0.1:0', stateDirectory, roots: { data: root } },
      ...{ limits: { ...DEFAULT_LIMITS, ...limits }, machine: MACHINE, here },
      ...{ maxRunning: 4, maxOpenJobs: 100, maxUploadBytes: 2 ** 30, durable: false },
      keep: { maxAgeMs: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY },
      clock: { wallMs: () => Date.now(), monotonicMs: () => performance.now() },
      newId: () => randomUUID(),
      log: (line) => void log.push(line),
      ...options,
    });
    const client = new JobsClient({ address: `127.0.0.1:${coordinator.port}`, token: options.tokens?.[0]?.token });
    const close = async () => {
      client.close();
      await coordinator.close();
      await here.close();
      rmSync(directory, { recursive: true });
    };
    const workerToken = options.tokens?.find(({ role }) => role === 'worker')?.token;
    return new TestCluster({ directory, root, coordinator, client, log }, { workerToken, close });
  }

  get address(): string {
    return `127.0.0.1:${this.coordinator.port}`;
  }

  /** Starts a worker process and returns when it has joined, or at once with `join: false`. */
  async worker(
    options: {
      fault?: Fault;
      roots?: boolean;
      address?: string;
      threads?: number;
      join?: boolean;
      netns?: string;
    } = {},
  ): Promise<TestWorker> {
    const { fault = 'none', roots = false, address = this.address, threads = 1, join: waits = true } = options;
    const prefix = options.netns === undefined ? [] : ['ip', 'netns', 'exec', options.netns];
    const before = this.#joined();
    const [program = '', ...args] = [
      ...prefix,
      process.execPath,
      here('./faulty-worker.js'),
      address,
      fault,
      String(threads),
      roots ? this.root : '',
    ];
    const env = { ...process.env, ...(this.#workerToken !== undefined && { HALOTILE_TOKEN: this.#workerToken }) };
    const worker = new TestWorker(spawn(program, args, { env, stdio: ['ignore', 'inherit', 'pipe'] }));
    this.workers.push(worker);
    if (waits) await this.until(() => this.#joined() > before);
    return worker;
  }

  #joined(): number {
    return this.log.filter((line) => / joined /.test(line)).length;
  }

  /** Waits for something that will happen, looking often. */
  async until(condition: () => boolean): Promise<void> {
    const limit = performance.now() + 60_000;
    while (!condition()) {
      assert.ok(
        performance.now() < limit,
        `it did not happen; the coordinator said:\n${this.log.slice(-30).join('\n')}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** What must hold after any job: no leases, no temporary files, no probe files. */
  async assertClean(): Promise<void> {
    await this.until(() => this.coordinator.figures.leases === 0);
    const left = readdirSync(this.root).filter(
      (name) => name.endsWith('.partial') || name.startsWith('.halotile-probe'),
    );
    assert.deepEqual(left, []);
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.process.kill('SIGKILL');
    await Promise.all(this.workers.map((worker) => worker.exited));
    await this.#close();
    assertNoPathsShown();
  }
}
