import { HalotileError } from '../tiling/errors.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import type { Executor } from '../tiling/work/task.js';
import { openThreads } from './executor.js';

interface Kept {
  readonly threads: number;
  readonly executor: Executor;
  readonly timer: NodeJS.Timeout;
}

/** How long threads wait for a next call. */
const IDLE_MS = 10_000;

const kept: Kept[] = [];

/**
 * Runs a call of the library on threads that an earlier one has left, or on new ones: to start two of them and to
 * compile their kernels takes a second of processor time, many times what a small job does. They keep no process
 * alive.
 */
export async function withThreads<T>(machine: PlanMachine, work: (executor: Executor) => Promise<T>): Promise<T> {
  const { threads } = machine;
  const executor = take(threads) ?? openThreads(machine);
  try {
    const result = await work(executor);
    keep(threads, executor);
    return result;
  } catch (error) {
    if (mayGoOn(error)) keep(threads, executor);
    else await executor.close();
    throw error;
  }
}

/** Whether the error is the job's own and says nothing against the threads. */
function mayGoOn(error: unknown): boolean {
  return error instanceof HalotileError && error.tag !== 'tile-failed' && error.tag !== 'kernel-failed';
}

function take(threads: number): Executor | undefined {
  const at = kept.findIndex((one) => one.threads === threads);
  if (at < 0) return undefined;
  const [{ executor, timer }] = kept.splice(at, 1) as [Kept];
  clearTimeout(timer);
  return executor;
}

function keep(threads: number, executor: Executor): void {
  const drop = () => {
    kept.splice(kept.indexOf(one), 1);
    executor.close().catch(() => {});
  };
  const one: Kept = { threads, executor, timer: setTimeout(drop, IDLE_MS).unref() };
  kept.push(one);
}
