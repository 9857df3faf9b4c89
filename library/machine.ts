import { availableParallelism, totalmem } from 'node:os';
import { badUsage } from '../tiling/errors.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';

/** What may be said of a machine: its threads, and its memory in MiB. */
export interface MachineFlags {
  readonly threads?: number;
  readonly memory?: number;
}

/** The machine that flags and defaults describe. */
export function machineOf(flags: MachineFlags): PlanMachine {
  const threads = flags.threads ?? availableParallelism();
  if (threads < 1 || threads > 1024) {
    throw badUsage({ what: `--threads ${threads}`, expected: 'a number from 1 to 1024' });
  }
  const mib = flags.memory ?? Math.max(512, Math.min(256 * threads, totalmem() / 2 ** 21));
  return { threads, memoryBytes: mib * 2 ** 20 };
}
