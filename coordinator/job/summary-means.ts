import type { Plan } from '../../tiling/plan/plan.js';
import type { Executor } from '../../tiling/work/task.js';
import type { WorkInput } from '../../tiling/work/work-job.js';

/** What is made of a whole image before its tiles, and with what. */
export interface SummaryMeans {
  readonly executor: Executor;
  readonly plan: Plan;
  readonly inputs: readonly WorkInput[];
  /** Folder of its files; one that is there was made of the same image. */
  readonly scratch: string;
  readonly signal?: AbortSignal;
}
