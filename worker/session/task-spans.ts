import type { Span, Tracing } from '../../tiling/tracing.js';
import type { TaskResult } from '../../tiling/work/task.js';

/** What a thread did, in this order, and what a trace calls it. */
const PARTS = [
  ['read', 'fetch'],
  ['decode', 'decode'],
  ['kernel', 'kernel'],
  ['encode', 'encode'],
  ['write', 'write'],
] as const;

/**
 * The parts of a finished task as spans, one after the other from its start. Threads interleave them (a chain reads, computes and reads again); what
 * each span says is how long all pieces of its part took together.
 */
export function tellParts(tracing: Tracing, task: Span, { seconds }: Pick<TaskResult, 'seconds'>): void {
  let startMs = task.startMs;
  for (const [part, name] of PARTS) {
    if (seconds[part] <= 0) continue;
    const endMs = startMs + 1000 * seconds[part];
    tracing.begin(name, { parent: task.context, startMs }).end({ endMs });
    startMs = endMs;
  }
}
