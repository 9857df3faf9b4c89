import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JobsClient, resultOf } from '../../../library/cluster/jobs-client.js';
import type { halotile } from '../../../proto/gen/messages.js';
import type { AnyJobSpec } from '../../../tiling/job/collection-spec.js';
import { CountingRelay } from './counting-relay.js';
import type { Watchers } from './watchers.js';

const COMMAND = fileURLToPath(new URL('../../../cli/main.js', import.meta.url));
/** Processor time in /proc is counted in ticks of this many a second. */
const TICKS_PER_SECOND = 100;

/** One worker process. */
export interface LocalWorker {
  readonly threads: number;
  /** Whether it sees the storage; otherwise all pixels travel. */
  readonly byReference: boolean;
}

/** What one job took. */
export interface MeasuredJob {
  readonly result: halotile.v1.IJobResult;
  /** By the coordinator's clock, from its first claim to its end. */
  readonly wallSeconds: number;
  /** Between the submission and the first event that tells of a committed tile; progress is told five times a second. */
  readonly firstTileSeconds: number;
  readonly coordinatorCpuSeconds: number;
  /** Summed over all workers. */
  readonly workersCpuSeconds: number;
  readonly bytesToWorkers: number;
  readonly bytesToCoordinator: number;
}

/** A coordinator and workers of this machine, each the command in a process of its own. */
export class LocalCluster {
  readonly #client: JobsClient;
  readonly #coordinator: ChildProcess;
  readonly #workers: readonly ChildProcess[];
  readonly #relay: CountingRelay;
  readonly #state: string;

  private constructor(
    client: JobsClient,
    coordinator: ChildProcess,
    workers: readonly ChildProcess[],
    relay: CountingRelay,
    state: string,
  ) {
    this.#client = client;
    this.#coordinator = coordinator;
    this.#workers = workers;
    this.#relay = relay;
    this.#state = state;
  }

  /**
   * @param root directory that jobs name as `root:data`
   * @param counted whether workers dial through a relay that counts bytes, and costs time
   * @param nodeFlags for the coordinator's process, such as `--cpu-prof`
   * @param watchers gets numbers, traces and the page of all processes, where it is given
   */
  static async start(
    root: string,
    workers: readonly LocalWorker[],
    {
      counted = false,
      nodeFlags = [],
      watchers,
    }: { counted?: boolean; nodeFlags?: readonly string[]; watchers?: Watchers } = {},
  ): Promise<LocalCluster> {
    const state = mkdtempSync(join(tmpdir(), 'halotile-bench-state-'));
    const serve = ['serve', '--listen', '127.0.0.1:0', '--state', state, '--root', `data=${root}`];
    if (watchers !== undefined) serve.push(...watchers.flags, ...watchers.pageFlags);
    const coordinator = await start(nodeFlags, serve, /listens on .*:(\d+)/, watchers);
    const address = `127.0.0.1:${coordinator.match}`;
    const relay = await CountingRelay.start(address);
    const dialled = counted ? relay.address : address;
    const started: ChildProcess[] = [];
    for (const { threads, byReference } of workers) {
      const shared = byReference ? ['--root', `data=${root}`] : [];
      const args = ['worker', '--coordinator', dialled, '--threads', String(threads), ...shared];
      started.push((await start([], [...args, ...(watchers?.flags ?? [])], /works for ()/, watchers)).child);
    }
    return new LocalCluster(new JobsClient({ address }), coordinator.child, started, relay, state);
  }

  async run(spec: AnyJobSpec, onSubmitted?: (id: string) => void): Promise<MeasuredJob> {
    const before = this.#spent();
    const submittedMs = performance.now();
    const job = await this.#client.submit(spec);
    onSubmitted?.(job.id!);
    let last: halotile.v1.WatchJobResponse | undefined;
    let firstTileSeconds = 0;
    for await (last of this.#client.watch(job.id!)) {
      if (firstTileSeconds === 0 && (last.progress?.tilesDone ?? 0) > 0) {
        firstTileSeconds = (performance.now() - submittedMs) / 1000;
      }
    }
    const result = resultOf(last!);
    const after = this.#spent();
    return {
      ...{ result, wallSeconds: result.wallSeconds ?? 0, firstTileSeconds },
      coordinatorCpuSeconds: after.coordinator - before.coordinator,
      workersCpuSeconds: after.workers - before.workers,
      bytesToWorkers: after.toWorkers - before.toWorkers,
      bytesToCoordinator: after.toCoordinator - before.toCoordinator,
    };
  }

  /** The coordinator's largest resident memory so far, in bytes. */
  get coordinatorPeakBytes(): number {
    const status = readFileSync(`/proc/${this.#coordinator.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  async close(): Promise<void> {
    this.#client.close();
    for (const child of [...this.#workers, this.#coordinator]) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
    }
    this.#relay.close();
    rmSync(this.#state, { recursive: true });
  }

  #spent() {
    return {
      coordinator: cpuSeconds(this.#coordinator),
      workers: this.#workers.reduce((sum, worker) => sum + cpuSeconds(worker), 0),
      toWorkers: this.#relay.bytesToWorkers,
      toCoordinator: this.#relay.bytesToCoordinator,
    };
  }
}

/** Starts the command and returns when what it prints matches. */
function start(
  nodeFlags: readonly string[],
  args: readonly string[],
  ready: RegExp,
  watchers: Watchers | undefined,
): Promise<{ child: ChildProcess; match: string }> {
  const env = { ...process.env, ...watchers?.environment };
  const child = spawn(process.execPath, [...nodeFlags, COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code} before it was ready`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        watchers?.listen(text);
        const match = ready.exec(text);
        if (match !== null) resolve({ child, match: match[1] ?? '' });
      });
    }
  });
}

/** User and system seconds of a living process, all its threads. */
function cpuSeconds({ pid }: ChildProcess): number {
  // The second field is the program's name in parentheses, which may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
