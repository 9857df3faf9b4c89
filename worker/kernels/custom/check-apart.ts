import { createHash } from 'node:crypto';
import { badUsage, fromErrorRecord } from '../../../tiling/errors.js';
import type { ModuleShape } from '../../../tiling/operations/module/custom-module.js';
import { COMPILE_MS, KernelChild } from './kernel-child.js';

/** Node and its threads write to 96 MiB of these. */
const MEMORY = { memoryBytes: 512 * 2 ** 20, heapBytes: 64 * 2 ** 20 };
/** Checks at once in a process; others wait. */
const MAX_CHECKS = 2;
/** Modules whose shape is remembered. */
const MAX_KNOWN = 64;

const known = new Map<string, Promise<ModuleShape>>();
const waiting: (() => void)[] = [];
let running = 0;

/**
 * Parses and compiles a user's module in a process of its own, with limits of time and memory.
 * @param where names the module in messages
 * @throws bad-usage for a module that breaks a rule, or takes more than those limits to compile
 */
export async function checkModuleApart(bytes: Uint8Array, file: string): Promise<ModuleShape> {
  const hash = createHash('sha256').update(bytes).digest('hex');
  const earlier = known.get(hash);
  if (earlier !== undefined) return earlier;
  const checking = checked(bytes, file);
  known.set(hash, checking);
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value!);
  // A refusal names the place, which may differ the next time.
  checking.catch(() => known.delete(hash));
  return checking;
}

async function checked(bytes: Uint8Array, file: string): Promise<ModuleShape> {
  if (running === MAX_CHECKS) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  const child = new KernelChild(MEMORY);
  try {
    const outcome = await child.ask({ kind: 'check', bytes, file }, { limitMs: COMPILE_MS });
    const refuse = (what: string) => badUsage({ what, file, remedy: 'see docs/kernel-abi.md' });
    if (outcome.kind === 'gone') throw refuse(`the module cannot be compiled (${outcome.how})`);
    if (outcome.kind !== 'answered') throw refuse(`the module takes longer than ${COMPILE_MS} ms to compile`);
    const { answer } = outcome;
    if (answer.kind === 'error') throw fromErrorRecord(answer.error);
    if (answer.kind !== 'checked') throw refuse(`the check of the module gave '${answer.kind}'`);
    return answer.shape;
  } finally {
    child.close();
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}
