import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { Shard } from '../../tiling/job/shard.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import type { OutputOwner, Restart } from '../../tiling/stitch/output-owner.js';
import type { Executor } from '../../tiling/work/task.js';
import type { JobPlanner } from '../job/prepare-job.js';
import type { CollectionFault } from './check-pairs.js';
import type { CheckedCollection, LookTerms } from './checked-collection.js';
import type { ShownCollection } from './collection-report.js';
import type { CollectionProgress } from './collection-result.js';

/** Who looks over a collection and plans its images: the calling thread, or one that may take its time. */
export interface CollectionPlanner extends JobPlanner {
  /** @throws HalotileError as {@link checkedCollection} */
  images(job: CollectionSpec, terms: LookTerms): Promise<CheckedCollection>;
}

/** A collection and everything it runs with. */
export interface CollectionRun {
  readonly job: CollectionSpec;
  readonly executor: Executor;
  /** One for each image, where the failure of one image ends its executor; the shared one where absent. */
  readonly ofImages?: { readonly open: () => Executor; readonly close: (executor: Executor) => Promise<void> };
  /** What every image's plan is made for, as in its own job. */
  readonly machine: PlanMachine;
  /** Who looks over the images and plans each; the calling thread where absent. */
  readonly planner?: CollectionPlanner;
  readonly durable?: boolean;
  /** Only this share of the images; others are done by other runs, at any time. All where absent. */
  readonly shard?: Shard;
  /** Forget what earlier runs did, where the owner may. */
  readonly restart?: Restart;
  /** Whose the images are while they are unfinished; absent where the job runs without a coordinator. */
  readonly owner?: OutputOwner;
  readonly onProgress?: (progress: CollectionProgress) => void;
  /** Called once the images are found, checked in pairs, and before any is planned. */
  readonly onFound?: () => Promise<void>;
  /** Hears of every image that cannot be processed when that is known. */
  readonly onFault?: (fault: CollectionFault) => void;
  /** Hears, in one sentence each, what is odd about files and does not keep them from being read. */
  readonly onWarning?: (what: string) => void;
  readonly signal?: AbortSignal;
  /** How the job's user names it and its files, for the report; by their paths where absent. */
  readonly shown?: ShownCollection;
  /** Day of the run, YYYY-MM-DD. */
  readonly date: string;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}
