import type { CollectionFault } from './check-pairs.js';

/** How far a collection is. */
export interface CollectionProgress {
  readonly images: {
    readonly total: number;
    /** In the output now, those of earlier runs among them. */
    readonly done: number;
    readonly reused: number;
    readonly failed: number;
  };
  /** Of images that are planned so far. */
  readonly tiles: { readonly total: number; readonly done: number };
  /** Of all images that this run has to process. */
  readonly pixelsDone: number;
  readonly pixelsTotal: number;
  /** Of the pixels done, those of tiles that an interrupted run left. */
  readonly pixelsResumed: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
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
