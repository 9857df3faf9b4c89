import { availableParallelism } from 'node:os';
import { badUsage } from '../tiling/errors.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { memoryWithin, processLimits, threadsWithin } from './process-limits.js';

/** What may be said of a machine: its threads, and its memory in MiB. */
export interface MachineFlags {
  readonly threads?: number;
  readonly memory?: number;
}

/** Share of the memory that this process may use which a job takes where its tiles fit into no less. */
const LARGEST_SHARE = 1 / 4;

/**
 * The machine that flags and defaults describe, within the limits of this process.
 * @throws not-ready where those do not allow what is asked for, or a single thread
 */
export function machineOf(flags: MachineFlags): PlanMachine {
  const limits = processLimits();
  const threads = threadsOf(flags.threads, availableParallelism());
  if (flags.memory !== undefined) return { threads, memoryBytes: Math.floor(flags.memory * 2 ** 20) };
  const most = memoryWithin(limits) / 2 ** 20;
  const mib = Math.min(most, Math.max(512, Math.min(256 * threads, limits.memoryBytes / 2 ** 21)));
  const memoryBytes = Math.floor(mib * 2 ** 20);
  return {
    threads,
    memoryBytes,
    mostMemoryBytes: Math.max(memoryBytes, Math.floor(limits.memoryBytes * LARGEST_SHARE)),
  };
}

/** The threads that were asked for, otherwise `usual` or as many of them as the limits of this process allow. */
export function threadsOf(asked: number | undefined, usual: number): number {
  if (asked === undefined) return threadsWithin(processLimits(), usual);
  if (asked < 1 || asked > 1024) throw badUsage({ what: `--threads ${asked}`, expected: 'a number from 1 to 1024' });
  return threadsWithin(processLimits(), asked, { asked: true });
}
