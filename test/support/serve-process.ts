import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Starts `halotile serve` with `directory`/data as root `data`; returns it with its port when it listens. */
export function serve(
  directory: string,
  port: number,
  options: readonly string[] = [],
  { nodeArgs = [], env = {} }: { nodeArgs?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Promise<{ process: ChildProcess; port: number; log: () => string }> {
  const cli = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
  const args = ['serve', '--listen', `127.0.0.1:${port}`, '--state', join(directory, 'state'), ...options];
  const child = spawn(process.execPath, [...nodeArgs, cli, ...args, '--root', `data=${join(directory, 'data')}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the coordinator ended: ${log}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const match = /listens on .*:(\d+)/.exec(text);
      if (match !== null) resolve({ process: child, port: Number(match[1]), log: () => log });
    });
  });
}

/** Kills a process and waits until it is gone. */
export async function killProcess(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
