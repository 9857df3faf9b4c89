import { badInput } from '../../tiling/errors.js';
import type { TaskCounts, TaskSeconds } from '../../tiling/job/job-figures.js';
import { isKindName, type ValueOf } from '../../tiling/work/index.js';
import type { StoredBlock } from '../../tiling/work/references.js';
import type { TaskResult } from '../../tiling/work/task.js';
import type { halotile } from '../gen/messages.js';

/** Whose result a commit is. */
export interface CommitAddress {
  /** The coordinator's name of the job. */
  readonly key: string;
  readonly lease: number;
  /** The worker, as its Hello says. */
  readonly instance: string;
}

/** What of a result travels with its commit. */
export interface CommitBytes {
  /** Whether the blocks' bytes follow; their offsets then mean nothing. */
  readonly inline: boolean;
  /** By position among the task's outputs. */
  readonly carried: { has(output: number): boolean };
  /** The result's value without its byte arrays. */
  readonly valueJson: string;
  /** Its byte arrays, which follow. */
  readonly pieces: readonly { readonly length: number; readonly crc: number }[];
}

/** A result as the header of CommitTiles. */
export function writeResult(
  { key, lease, instance }: CommitAddress,
  { task, part, blocks, files, crc, seconds, counts }: TaskResult,
  { inline, carried, valueJson, pieces }: CommitBytes,
): halotile.v1.ITaskCommit {
  return {
    ...{ key, lease, instance, stage: task.stage, task: task.index, attempt: task.attempt, kind: task.kind },
    part: inline ? '' : part,
    levels: blocks.map((block) => block.level),
    indexes: blocks.map((block) => block.index),
    offsets: inline ? [] : blocks.map((block) => block.offset),
    lengths: blocks.map((block) => block.length),
    crcs: blocks.map((block) => block.crc),
    crc,
    seconds: { ...seconds },
    counts: { ...counts },
    valueJson,
    pieces: [...pieces],
    files: files.map((file) => ({ ...file, carried: carried.has(file.output) })),
  };
}

/**
 * The inverse of {@link writeResult}, with the value that was put together from the commit. Offsets are 0 where the
 * bytes follow inline.
 * @throws bad-input where the lists of blocks differ in length, the kind is none, or a figure is no number
 */
export function readResult(commit: halotile.v1.TaskCommit, value: unknown): TaskResult {
  const { stage, task: index, attempt, kind, levels, indexes, offsets, lengths, crcs } = commit;
  const count = levels.length;
  const placed = offsets.length > 0;
  const where = `commit of task ${index} in stage ${stage}`;
  if (!isKindName(kind)) throw badInput({ what: `'${kind}' is no kind of work`, where });
  if ([indexes, lengths, crcs, ...(placed ? [offsets] : [])].some((list) => list.length !== count)) {
    throw badInput({ what: 'lists of blocks differ in length', where, expected: `${count} entries in each` });
  }
  const blocks: StoredBlock[] = levels.map((level, i) => ({
    level,
    index: indexes[i]!,
    offset: placed ? offsets[i]! : 0,
    length: lengths[i]!,
    crc: crcs[i]!,
  }));
  return {
    task: { kind, stage, index, attempt },
    value: value as ValueOf<typeof kind>,
    crc: commit.crc,
    part: commit.part,
    blocks,
    files: commit.files.map(({ output, length, crc }) => ({ output: output ?? 0, length: length ?? 0, crc: crc ?? 0 })),
    seconds: filled<TaskSeconds>(commit.seconds, ['read', 'decode', 'kernel', 'encode', 'write']),
    counts: filled<TaskCounts>(commit.counts, [
      'bytesRead',
      'bytesWritten',
      'blocksDecoded',
      'blocksCached',
      'inputPixels',
      'outputPixels',
    ]),
  };
}

/** Only the figures of these names. */
function filled<T extends { [K in keyof T]: number }>(map: Record<string, number>, names: (keyof T & string)[]): T {
  const figures = names.map((name) => [name, Object.hasOwn(map, name) ? map[name]! : 0] as const);
  const odd = figures.find(([, value]) => !Number.isFinite(value) || value < 0);
  if (odd !== undefined) throw badInput({ what: `${odd[0]} is ${odd[1]}`, expected: 'a finite number from 0 on' });
  return Object.fromEntries(figures) as T;
}
