import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { JobsClient } from '../../library/cluster/jobs-client.js';
import { halotile } from '../../proto/gen/messages.js';
import type { Sample } from './growth.js';
import { figuresOf } from './process-figures.js';
import { outputName, tinyJob, writeTinyImage } from './tiny-job.js';

/** How long jobs are run, and how the run is watched. */
export interface SoakOptions {
  /** Whether to go on, after so many jobs. */
  readonly goesOn: (jobs: number) => boolean;
  /** Jobs between two samples. */
  readonly every: number;
  readonly onSample?: (process: string, sample: Sample) => void;
}

/** The samples of each process that took part, by its name. */
export type Soak = ReadonlyMap<string, readonly Sample[]>;

/** Jobs that clients have open at a time. */
const AT_ONCE = 8;

/** Runs tiny jobs on a coordinator and a worker, processes of their own, that share their storage. */
export async function soakCluster(options: SoakOptions): Promise<Soak> {
  const folder = mkdtempSync(join(tmpdir(), 'halotile-soak-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  writeTinyImage(data);
  const root = ['--root', `data=${data}`];
  const processes: ChildProcess[] = [];
  try {
    const serve = ['serve', '--listen', '127.0.0.1:0', '--state', join(folder, 'state'), ...root];
    const { child: coordinator, said } = await start(processes, serve, /listens on .*:(\d+)/);
    const address = `127.0.0.1:${said}`;
    const { child: worker } = await start(
      processes,
      ['worker', '--coordinator', address, '--threads', '2', ...root],
      /works for (\S+)/,
    );
    const client = new JobsClient({ address });
    try {
      return await soak({ coordinator, worker }, options, async (number) => {
        await runThere(client, number);
        await rm(join(data, outputName(number)));
      });
    } finally {
      client.close();
    }
  } finally {
    for (const child of processes) await end(child);
    rmSync(folder, { recursive: true });
  }
}

/** Runs tiny jobs by calls of the library, one after the other in one process. */
export async function soakLibrary(options: SoakOptions): Promise<Soak> {
  const folder = mkdtempSync(join(tmpdir(), 'halotile-soak-'));
  writeTinyImage(folder);
  const script = fileURLToPath(new URL('./library-process.js', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    return await soak({ library: child }, options, async (number) => {
      child.stdin.write(`${number}\n`);
      const { value, done } = await lines.next();
      if (done || value !== `${number}`) throw new Error(`the library's process said '${value}'`);
      await rm(join(folder, outputName(number)));
    });
  } finally {
    await end(child);
    rmSync(folder, { recursive: true });
  }
}

async function soak(
  processes: Readonly<Record<string, ChildProcess>>,
  { goesOn, every, onSample }: SoakOptions,
  run: (number: number) => Promise<void>,
): Promise<Soak> {
  const samples = new Map<string, Sample[]>(Object.keys(processes).map((name) => [name, []]));
  let begun = 0;
  let done = 0;
  const lane = async () => {
    while (goesOn(begun)) {
      await run(++begun);
      if (++done % every !== 0) continue;
      for (const [name, child] of Object.entries(processes)) {
        const sample = { jobs: done, ...figuresOf(child.pid!) };
        samples.get(name)!.push(sample);
        onSample?.(name, sample);
      }
    }
  };
  // One process takes one call at a time.
  const lanes = Object.keys(processes).length === 1 ? 1 : AT_ONCE;
  await Promise.all(Array.from({ length: lanes }, lane));
  return samples;
}

async function runThere(client: JobsClient, output: number): Promise<void> {
  const { id } = await client.submit(tinyJob('root:data', output));
  for await (const { state, failure } of client.watch(id!)) {
    if (state === halotile.v1.JobState.JOB_STATE_FAILED) throw new Error(`a job failed: ${failure?.what}`);
  }
}

/** Starts a command; returns when it says what is waited for. */
async function start(
  processes: ChildProcess[],
  args: readonly string[],
  ready: RegExp,
): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  processes.push(child);
  const said = await new Promise<string>((resolve, reject) => {
    let text = '';
    const hear = (more: string) => {
      if (text.length > 1 << 16) return;
      text += more;
      const match = ready.exec(text);
      if (match !== null) resolve(match[1]!);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('exit', () => reject(new Error(`halotile ${args[0]} ended: ${text}`)));
  });
  return { child, said };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}
