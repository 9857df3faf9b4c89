import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOutRawTiff } from '../../cli/demo/raw-tiff.js';
import { figuresOf, type ProcessFigures } from '../soak/process-figures.js';
import { keepJobs } from './kept-jobs.js';

const COMMAND = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const READY = /listens on .*:(\d+)/;
/** Side of the image that every job blurs. */
const SIDE = 64;

/** What runs, and on what. */
export interface LocalServicesOptions {
  /** Each of one thread, and for all coordinators. */
  readonly workers: number;
  /** Jobs that the queue holds when it starts; none where absent. */
  readonly kept?: number;
  /** More than one needs a queue in Redis; one where absent. */
  readonly coordinators?: number;
  /** The queue is in this Redis; the coordinator's own where absent. */
  readonly redisUrl?: string;
  /** Directory that jobs name as `root:data`; one with the tiny image where absent. */
  readonly root?: string;
  /** For all of them, such as `--cpu-prof`. */
  readonly nodeFlags?: readonly string[];
}

/** Coordinators that share a state, and workers for all of them: processes of this machine on loopback addresses. */
export class LocalServices {
  readonly addresses: readonly string[];
  /** The directory that jobs name as `root:data`. */
  readonly root: string;
  readonly #coordinators: readonly ChildProcess[];
  readonly #workers: readonly ChildProcess[];
  readonly #folder: string;

  private constructor(parts: {
    readonly addresses: readonly string[];
    readonly root: string;
    readonly coordinators: readonly ChildProcess[];
    readonly workers: readonly ChildProcess[];
    readonly folder: string;
  }) {
    this.addresses = parts.addresses;
    this.root = parts.root;
    this.#coordinators = parts.coordinators;
    this.#workers = parts.workers;
    this.#folder = parts.folder;
  }

  static async start({
    workers: workerCount,
    kept = 0,
    coordinators: coordinatorCount = 1,
    redisUrl,
    root: given,
    nodeFlags = [],
  }: LocalServicesOptions): Promise<LocalServices> {
    const folder = mkdtempSync(join(tmpdir(), 'halotile-load-'));
    const root = given ?? join(folder, 'data');
    mkdirSync(join(root, 'out'), { recursive: true });
    if (given === undefined) writeTiny(join(root, 'tiny.tif'));
    const state = join(folder, 'state');
    if (kept > 0) await keepJobs(state, kept);
    const shared = ['--root', `data=${root}`];
    const serve = ['serve', '--listen', '127.0.0.1:0', '--state', state, '--open-jobs', '100000', '--calls', '100000'];
    if (redisUrl !== undefined) serve.push('--redis', redisUrl);
    const coordinators = await times(coordinatorCount, () => start([...serve, ...shared], READY, nodeFlags));
    const addresses = coordinators.map(({ match }) => `127.0.0.1:${match}`);
    const dialled = addresses.flatMap((address) => ['--coordinator', address]);
    const worker = ['worker', ...dialled, '--threads', '1', ...shared];
    const workers = await times(workerCount, () => start(worker, /works for ()/, nodeFlags));
    return new LocalServices({
      ...{ addresses, root, folder },
      coordinators: coordinators.map(({ child }) => child),
      workers: workers.map(({ child }) => child),
    });
  }

  /** Of the first coordinator. */
  get address(): string {
    return this.addresses[0]!;
  }

  /** Of the first coordinator's process, now. */
  figures(): ProcessFigures {
    return figuresOf(this.#coordinators[0]!.pid!);
  }

  /** Processor seconds that the processes of each kind have used so far. */
  spent(): { readonly coordinators: number; readonly workers: number } {
    const sum = (children: readonly ChildProcess[]) =>
      children.reduce((seconds, { pid }) => seconds + figuresOf(pid!).cpuSeconds, 0);
    return { coordinators: sum(this.#coordinators), workers: sum(this.#workers) };
  }

  /** Ends a coordinator as a death of its machine would; returns at once. */
  kill(index: number): void {
    this.#coordinators[index]!.kill('SIGKILL');
  }

  async close(): Promise<void> {
    for (const child of [...this.#workers, ...this.#coordinators]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
    }
    rmSync(this.#folder, { recursive: true });
  }
}

/** What `act` gives, so many times, one after the other. */
async function times<T>(count: number, act: () => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) made.push(await act());
  return made;
}

/** Writes an image of 64×64 samples. */
export function writeTiny(path: string): void {
  const { header, fileBytes } = layOutRawTiff({ width: SIDE, height: SIDE }, 1, 'tiny');
  const bytes = new Uint8Array(fileBytes).fill(100);
  bytes.set(header);
  writeFileSync(path, bytes);
}

/** Starts the command and returns when what it prints matches. */
function start(
  args: readonly string[],
  ready: RegExp,
  nodeFlags: readonly string[] = [],
): Promise<{ child: ChildProcess; match: string }> {
  const child = spawn(process.execPath, [...nodeFlags, COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`${args[0]} ended with ${code} before it was ready: ${text}`)));
    const look = (chunk: string) => {
      // Once it is ready nothing more of it is kept.
      if (text.length > 1 << 16) return;
      text += chunk;
      const match = ready.exec(text);
      if (match !== null) resolve({ child, match: match[1]! });
    };
    child.stdout.setEncoding('utf8').on('data', look);
    child.stderr.setEncoding('utf8').on('data', look);
  });
}
