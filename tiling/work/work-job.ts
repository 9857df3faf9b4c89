import type { Plan } from '../plan/plan.js';
import type { SinkRef, SourceRef } from './references.js';

/** The processor as a job's bounded backend: WebAssembly and the reference kernels, the same everywhere. */
export const CPU_BACKEND = 'cpu';

/** What an input of a job is to its operations. Images that their parameters name go by their paths. */
export type InputName = 'image' | 'mask' | 'map' | 'corners' | 'pyramid' | `extra:${string}`;

/** A raster that all tasks of a job read from. */
export interface WorkInput {
  readonly name: InputName;
  readonly source: SourceRef;
}

/** A job as a worker needs it: what all its tasks share. Data only, so that it crosses threads and machines. */
export interface WorkJob {
  /** Unique among the jobs of an executor's life; caches are kept by it. */
  readonly key: string;
  /** Of an image: what its tiles follow from. */
  readonly plan?: Plan;
  readonly inputs: readonly WorkInput[];
  /** Where encoded blocks go, where its tasks make some. */
  readonly sink?: SinkRef;
  /**
   * Folder that workers write files into under the names of their leases, for whoever runs the job to move. Where it is
   * absent, files travel with results, as small ones may; threads of the process that runs the job write them at their
   * own names.
   */
  readonly incoming?: string;
  /** Whether a task that is given up fails alone and the job goes on. */
  readonly failsAlone?: boolean;
  /**
   * Jobs with bounded operations only: what computes them, one of an executor's `boundedBackends`, so that every
   * tile of the job has the same roundings.
   */
  readonly boundedBackend?: string;
}

/** The source of an input of a job. */
export function inputOf({ inputs }: Pick<WorkJob, 'inputs'>, name: InputName): SourceRef | undefined {
  return inputs.find((input) => input.name === name)?.source;
}
