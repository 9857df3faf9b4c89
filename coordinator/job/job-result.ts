import type { JobFigures, TaskSeconds } from '../../tiling/job/job-figures.js';

/** What a finished job hands back; `--json` prints it. */
export interface JobResult extends JobFigures {
  readonly output: string;
  /** Where the output is a table: how many labels it has a line for, and what the lines say. */
  readonly table?: { readonly labels: number; readonly columns: readonly string[] };
  /** Of all stages; `resumed` of them were committed by earlier runs. */
  readonly tiles: JobFigures['tiles'] & { readonly resumed: number };
  /**
   * `total` is wall time; `read` to `write` are sums over threads, so that they may exceed it; `prepare` ends
   * with the plan, `assemble` covers assembly and publication.
   */
  readonly seconds: TaskSeconds & { readonly prepare: number; readonly assemble: number; readonly total: number };
  readonly peakMemoryBytes: number;
  readonly epoch: number;
}
