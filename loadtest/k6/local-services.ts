import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { layOutRawTiff } from '../../cli/demo/raw-tiff.js';
import { figuresOf, type ProcessFigures } from '../soak/process-figures.js';
import { keepJobs } from './kept-jobs.js';

const COMMAND = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
/** Side of the image that every job blurs. */
const SIDE = 64;

/** A coordinator with workers of this machine, on a loopback address, with a state and a root of their own. */
export class LocalServices {
  readonly address: string;
  readonly #children: readonly ChildProcess[];
  readonly #folder: string;

  private constructor(address: string, children: readonly ChildProcess[], folder: string) {
    this.address = address;
    this.#children = children;
    this.#folder = folder;
  }

  /** @param kept jobs that the queue holds when it starts */
  static async start({
    workers,
    kept,
    redisUrl,
  }: {
    readonly workers: number;
    readonly kept: number;
    /** The queue is in this Redis; the coordinator's own where absent. */
    readonly redisUrl?: string;
  }): Promise<LocalServices> {
    const folder = mkdtempSync(join(tmpdir(), 'halotile-load-'));
    const root = join(folder, 'data');
    mkdirSync(join(root, 'out'), { recursive: true });
    writeTiny(join(root, 'tiny.tif'));
    const state = join(folder, 'state');
    if (kept > 0) await keepJobs(state, kept);
    const shared = ['--root', `data=${root}`];
    const serve = ['serve', '--listen', '127.0.0.1:0', '--state', state, '--open-jobs', '100000', '--calls', '100000'];
    if (redisUrl !== undefined) serve.push('--redis', redisUrl);
    const coordinator = await start([...serve, ...shared], /listens on .*:(\d+)/);
    const address = `127.0.0.1:${coordinator.match}`;
    const children = [coordinator.child];
    for (let i = 0; i < workers; i++) {
      const args = ['worker', '--coordinator', address, '--threads', '1', ...shared];
      children.push((await start(args, /works for ()/)).child);
    }
    return new LocalServices(address, children, folder);
  }

  /** Of the coordinator's process, now. */
  figures(): ProcessFigures {
    return figuresOf(this.#children[0]!.pid!);
  }

  async close(): Promise<void> {
    for (const child of [...this.#children].reverse()) {
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await exited;
    }
    rmSync(this.#folder, { recursive: true });
  }
}

function writeTiny(path: string): void {
  const { header, fileBytes } = layOutRawTiff({ width: SIDE, height: SIDE }, 1, 'tiny');
  const bytes = new Uint8Array(fileBytes).fill(100);
  bytes.set(header);
  writeFileSync(path, bytes);
}

/** Starts the command and returns when what it prints matches. */
function start(args: readonly string[], ready: RegExp): Promise<{ child: ChildProcess; match: string }> {
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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
