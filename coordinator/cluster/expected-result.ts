import type { halotile } from '../../proto/gen/messages.js';
import { areBlocksOf } from '../../tiling/plan/tile-blocks.js';
import { kindOf } from '../../tiling/work/index.js';
import type { Task, TaskResult } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { NoResult } from './no-result.js';

/** Bytes of files and values that one result may bring; blocks are bounded by the plan. */
const MAX_BYTES = 512 << 20;
/** Byte arrays of one value. */
const MAX_PIECES = 4096;

/** A task that a worker was granted, and its job. */
export interface GrantedWork {
  readonly task: Task;
  readonly job: WorkJob;
}

/**
 * Refuses what cannot be the result of a task: its kind, its blocks and its files follow from the task and the plan.
 * Nothing of it was read or written yet. O(blocks + files).
 * @throws NoResult
 */
export function checkShape(commit: halotile.v1.TaskCommit, { blocks }: TaskResult, { task, job }: GrantedWork): void {
  const where = `${task.kind} ${task.index} of stage ${task.stage}`;
  if (commit.kind !== task.kind) throw new NoResult({ what: `a result of kind '${commit.kind}'`, where });
  const stores = kindOf(task.kind).stores === true && job.sink !== undefined;
  const { stage, index: tileIndex } = task;
  if (stores ? !areBlocksOf(job.plan!, { stage, tileIndex, blocks }) : blocks.length > 0) {
    throw new NoResult({
      what: `its ${blocks.length} blocks are not those of the task`,
      where,
      expected: stores ? 'each block of the tile once' : 'none',
    });
  }
  if (commit.part !== '' && commit.offsets.length === 0) {
    throw new NoResult({ what: `it names the part file '${commit.part}'`, where, expected: 'blocks in it' });
  }
  checkFiles(commit, task, where);
  checkLengths(commit, where);
}

function checkFiles({ files }: halotile.v1.TaskCommit, { kind, data }: Task, where: string): void {
  const outputs = kindOf(kind).writes?.(data) ?? [];
  const brought = new Set<number>();
  for (const { output, carried } of files) {
    const position = output ?? 0;
    const ref = outputs[position];
    // Spilled bytes that a worker keeps by itself are named by its value.
    if (!ref || brought.has(position) || (ref.form === 'spill' && !carried)) {
      throw new NoResult({ what: `it has no file at position ${position}, or one more`, where });
    }
    brought.add(position);
  }
  const missing = outputs.findIndex(
    (output, position) => output?.form === 'file' && !output.optional && !brought.has(position),
  );
  if (missing >= 0) throw new NoResult({ what: `its file at position ${missing} is missing`, where });
}

function checkLengths({ files, pieces }: halotile.v1.TaskCommit, where: string): void {
  const announced = [...files.filter(({ carried }) => carried), ...pieces];
  const bytes = announced.reduce((sum, { length }) => sum + (length ?? 0), 0);
  if (bytes <= MAX_BYTES && pieces.length <= MAX_PIECES) return;
  throw new NoResult({
    what: `it brings ${bytes} bytes, its value in ${pieces.length} pieces`,
    where,
    expected: `at most ${MAX_BYTES} bytes and ${MAX_PIECES} pieces`,
  });
}
