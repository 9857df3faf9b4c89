import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process of the command line left behind. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of a script of this build, and its end. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<CliResult>;
}

/** Runs `halotile` with these arguments to its end. */
export function halotile(...args: string[]): Promise<CliResult> {
  return startHalotile(...args).ended;
}

/** Starts `halotile` with these arguments. */
export function startHalotile(...args: string[]): Started {
  return startScript(new URL('../../cli/main.js', import.meta.url), args);
}

/** Starts a compiled script in a process of its own. */
export function startScript(script: URL, args: readonly string[]): Started {
  const child = spawn(process.execPath, [fileURLToPath(script), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return { child, ended };
}
