import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Processes to run one after the other, timed as one. */
export interface Contestant {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
  /** Deleted before every run, so that none pays for the pages of the last. */
  readonly outputs: readonly string[];
}

/** Wall seconds of one contestant, in the order of the rounds. */
export interface Times {
  readonly name: string;
  readonly seconds: readonly number[];
  /** Processor seconds of each run, threads and system included; NaN where the system does not tell. */
  readonly cpuSeconds: readonly number[];
  /** What the last run printed. */
  readonly printed: string;
}

export interface ContestOptions {
  readonly rounds: number;
  /** An untimed round first; the inputs are read in any case. */
  readonly warmUp: boolean;
  readonly inputs: readonly string[];
}

/**
 * Runs contestants in turn, A B A B: whatever else the machine does then falls on all of them. Inputs are read
 * before, and written pages are on disk before every run.
 * @throws Error with what the process said where one fails
 */
export function contest(contestants: readonly Contestant[], { rounds, warmUp, inputs }: ContestOptions): Times[] {
  if (inputs.length > 0) spawnSync('cat', inputs, { stdio: 'ignore' });
  const seconds = contestants.map((): number[] => []);
  const cpuSeconds = contestants.map((): number[] => []);
  const printed = contestants.map(() => '');
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const [index, contestant] of contestants.entries()) {
      const timed = runOnce(contestant);
      if (round >= 0) {
        seconds[index]!.push(timed.seconds);
        cpuSeconds[index]!.push(timed.cpuSeconds);
      }
      printed[index] = timed.printed;
    }
  }
  return contestants.map(({ name }, index) => ({
    name,
    seconds: seconds[index]!,
    cpuSeconds: cpuSeconds[index]!,
    printed: printed[index]!,
  }));
}

/** Clock ticks of Linux's user interface, a constant of it. */
const TICKS = 100;

/** Processor seconds of all child processes that have ended (proc(5): cutime and cstime). */
function childCpuSeconds(): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN;
  const stat = readFileSync('/proc/self/stat', 'utf8');
  // The second field is the program's name in parentheses and may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / TICKS;
}

function runOnce({ commands, outputs }: Contestant): { seconds: number; cpuSeconds: number; printed: string } {
  for (const output of outputs) rmSync(output, { force: true });
  spawnSync('sync');
  let printed = '';
  const cpuBefore = childCpuSeconds();
  const start = performance.now();
  for (const [program, ...args] of commands) {
    const run = spawnSync(program!, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
    if (run.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${run.error?.message ?? run.stderr}`);
    printed += run.stdout;
  }
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: childCpuSeconds() - cpuBefore, printed };
}

/** Whether a program is there to be compared with. */
export function isInstalled(program: string): boolean {
  return program.includes('/') ? existsSync(program) : spawnSync(program, ['--version']).error === undefined;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The median over the rounds of one contestant's time against another's in the same round. */
export function pairedRatio(a: Times, b: Times): number {
  return median(a.seconds.map((seconds, round) => seconds / b.seconds[round]!));
}

/** The ratio of the fastest runs: the machine's other work only ever adds. */
export function bestRatio(a: Times, b: Times): number {
  return Math.min(...a.seconds) / Math.min(...b.seconds);
}
