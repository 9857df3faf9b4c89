import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { Rgb } from '../../tiling/palette/nearest-colour.js';
import type { NameOfFile } from '../../tiling/words.js';
import type { FrameMaking } from '../../tiling/work/frames.js';
import type { DataOf, KindName, ValueOf } from '../../tiling/work/index.js';
import type { Executor } from '../../tiling/work/task.js';
import type { WorkJob } from '../../tiling/work/work-job.js';
import { runTask } from '../job/run-task.js';
import type { DatasetCounts } from './dataset-counts.js';
import type { LargeImages } from './large-images.js';
import type { SpillBudget } from './spill-budget.js';
import type { TaskGate } from './task-gate.js';

/** What all characters of a job share. */
export interface DatasetContext {
  readonly job: DatasetSpec;
  readonly executor: Executor;
  /** What tasks about frames belong to. */
  readonly work: WorkJob;
  readonly gate: TaskGate;
  readonly budget: SpillBudget;
  readonly making: FrameMaking;
  readonly large: LargeImages;
  readonly target: readonly Rgb[] | null;
  /** Digest of everything beside the frames that decides the pixels. */
  readonly digest: string;
  readonly version: string;
  readonly counts: DatasetCounts;
  readonly shown: ShownNames;
}

/** A dataset job in the words of who asked for it. */
export interface ShownNames {
  readonly job: DatasetSpec;
  readonly nameOf: NameOfFile;
}

/**
 * Runs one task of a dataset; what it found.
 * @throws HalotileError as the task
 */
export async function findingOf<K extends KindName>(
  { executor, work }: Pick<DatasetContext, 'executor' | 'work'>,
  kind: K,
  data: DataOf<K>,
): Promise<ValueOf<K>> {
  return (await runTask<K>(executor, work, { kind, stage: 0, index: 0, data })).value;
}
