import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { HalotileError } from '../tiling/errors.js';

/** What the system lets this process take; infinite where it sets no limit, or does not tell. */
export interface ProcessLimits {
  readonly openFiles: number;
  /** Of addresses, used or not (`ulimit -v`). */
  readonly addressBytes: number;
  /** The least of the machine's memory, its cgroup's limit (version 1 or 2) and what may be written to (`ulimit -d`). */
  readonly memoryBytes: number;
}

/** A thread loads some 60 modules at once; the rest is for the main thread, its inputs and outputs. */
const OPEN_FILES = { base: 192, thread: 64 };
/** V8 reserves 8 GiB of addresses for a WebAssembly memory, and more for heaps and code. */
const ADDRESS_BYTES = { base: 8 * 2 ** 30, thread: 10 * 2 ** 30 };
/** What the planner takes a process and each of its threads to need, and room for one tile and its blocks. */
const MEMORY_BYTES = { base: 192 * 2 ** 20, thread: 64 * 2 ** 20 };
/** Share of a memory limit that is planned with: who passes it is killed without a word. */
const MEMORY_SHARE = 0.9;

/** The limits of this process. */
export function processLimits(): ProcessLimits {
  let text = '';
  try {
    text = readFileSync('/proc/self/limits', 'latin1');
  } catch {
    // Only Linux tells them so.
  }
  const limit = (name: string) =>
    Number(new RegExp(`^${name} +(\\d+)`, 'm').exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
  // 0 where nothing is known of a constraint.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY;
  return {
    openFiles: limit('Max open files'),
    addressBytes: limit('Max address space'),
    memoryBytes: Math.min(totalmem(), constrained, limit('Max data size')),
  };
}

/** Memory to plan with, at most. */
export function memoryWithin({ memoryBytes }: ProcessLimits): number {
  return memoryBytes * MEMORY_SHARE;
}

/** What a limit on this process's memory leaves for tiles; 0 where there is none. */
export function memoryForTiles(): number {
  const limits = processLimits();
  return limits.memoryBytes < totalmem() ? Math.floor(memoryWithin(limits) - MEMORY_BYTES.base) : 0;
}

/**
 * The threads that the limits allow, at most those that are wanted, or exactly those that were asked for, which the
 * planner holds against the memory.
 * @throws not-ready where the limits do not allow as many, or a single one, saying which limit and what is needed
 */
export function threadsWithin(limits: ProcessLimits, wanted: number, { asked = false } = {}): number {
  const atLeast = asked ? wanted : 1;
  const rules: readonly Rule[] = [
    { have: limits.openFiles, need: OPEN_FILES, what: 'files may be open at once', raise: 'ulimit -n', unit: 1 },
    {
      have: limits.addressBytes,
      need: ADDRESS_BYTES,
      what: 'MiB of addresses may be used',
      raise: 'ulimit -v',
      unit: 2 ** 20,
    },
    ...(asked ? [] : [memoryRule(limits)]),
  ];
  let threads = wanted;
  for (const { have, need, what, raise, unit } of rules) {
    const allowed = Math.floor((have - need.base) / need.thread);
    if (allowed < atLeast) {
      throw new HalotileError('not-ready', {
        what: `only ${Math.floor(have / unit)} ${what}`,
        expected: `at least ${Math.ceil((need.base + atLeast * need.thread) / unit)} for ${atLeast} ${atLeast === 1 ? 'thread' : 'threads'}`,
        remedy: `raise ${raise}${atLeast === 1 ? '' : ', or use fewer --threads'}`,
      });
    }
    threads = Math.min(threads, allowed);
  }
  return threads;
}

interface Rule {
  readonly have: number;
  readonly need: { readonly base: number; readonly thread: number };
  readonly what: string;
  readonly raise: string;
  readonly unit: number;
}

function memoryRule(limits: ProcessLimits): Rule {
  const raise = "the container's memory limit, or ulimit -d";
  return { have: memoryWithin(limits), need: MEMORY_BYTES, what: 'MiB of memory may be used', raise, unit: 2 ** 20 };
}
