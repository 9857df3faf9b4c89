import type { JobProgress } from '../../tiling/job/job-progress.js';
import type { CollectionFault } from './check-pairs.js';

/** How far a collection is; tiles are those of images that are planned so far, pixels those of all that this run processes. */
export interface CollectionProgress extends JobProgress {
  readonly imagesFailed: number;
}

/** What a collection hands back; `--json` prints it, and `report.json` holds it with every image. */
export interface CollectionResult {
  /** Folder that all outputs named by the job's `output` lie below. */
  readonly output: string;
  readonly images: {
    readonly total: number;
    /** In the output now. */
    readonly written: number;
    /** Of those, finished by earlier runs and not touched. */
    readonly reused: number;
    readonly failed: number;
  };
  readonly tiles: number;
  readonly pixels: number;
  /** Wall time: `find` ends with the list of images, `check` with the first task, `run` with the last image. */
  readonly seconds: { readonly find: number; readonly check: number; readonly run: number; readonly total: number };
  readonly bytes: { readonly read: number; readonly written: number };
  /** Of the images that this run processed. */
  readonly halo: { readonly pixelsRead: number; readonly pixelsWithMaxHalo: number; readonly savedShare: number };
  readonly peakMemoryBytes: number;
  /** The first thousand. */
  readonly failures: readonly CollectionFault[];
  readonly report: string;
}
