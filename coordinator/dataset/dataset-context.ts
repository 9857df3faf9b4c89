import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { FrameExecutor, FrameMaking } from '../../tiling/palette/frame-execution.js';
import type { Rgb } from '../../tiling/palette/remap.js';
import type { DatasetCounts } from './dataset-counts.js';
import type { LargeImages } from './large-images.js';
import type { SpillBudget } from './spill-budget.js';
import type { TaskGate } from './task-gate.js';

/** What all characters of a job share. */
export interface DatasetContext {
  readonly job: DatasetSpec;
  readonly executor: FrameExecutor;
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
  /** Stands for a file's path in messages; `fallback` is the frame's place among the outputs. */
  readonly fileName: (path: string, fallback: string) => string;
}
