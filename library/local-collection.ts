import {
  type CollectionFault,
  type CollectionProgress,
  type CollectionResult,
  runCollection,
} from '../coordinator/index.js';
import { checkCodecAvailable } from '../tiling/codecs/encode-block.js';
import type { CollectionSpec } from '../tiling/job/collection-spec.js';
import type { Shard } from '../tiling/job/shard.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import type { Executor } from '../tiling/work/task.js';
import { type BackendChoice, openExecutor } from './executor.js';

/** How a job over many images runs on this machine. */
export interface LocalCollectionOptions {
  readonly machine: PlanMachine;
  /** What runs the tiles; the processor where absent. */
  readonly backend?: BackendChoice;
  /** Device memory in MiB that the tiles in flight on a GPU may take; 2048 where absent. */
  readonly gpuMemoryMiB?: number;
  /** Hears, in one sentence each, of odd files and of a GPU that is lost. */
  readonly onWarning?: (what: string) => void;
  /** Runs the tiles and stays open; one is opened for the job, as `backend` says, where absent. */
  readonly executor?: Executor;
  readonly durable?: boolean;
  /** Only this share of the images, for runs that share a collection without a coordinator. */
  readonly shard?: Shard;
  /** Forget what earlier runs did. */
  readonly restart?: boolean;
  /** When it aborts, tiles under way are finished; the same job continues later. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: CollectionProgress) => void;
  /** Hears of every image that cannot be processed when that is known. */
  readonly onFault?: (fault: CollectionFault) => void;
}

/**
 * Runs a job over many images on this machine; `{date}` in its names is today's, in UTC.
 * @throws HalotileError
 */
export async function runCollectionLocally(
  job: CollectionSpec,
  { machine, backend = 'wasm', gpuMemoryMiB, onWarning, executor: given, restart, ...options }: LocalCollectionOptions,
): Promise<CollectionResult> {
  checkCodecAvailable(job.compression);
  const gpu = { memoryBytes: gpuMemoryMiB && gpuMemoryMiB * 2 ** 20, onLoss: onWarning };
  const executor = given ?? (await openExecutor(machine, backend, gpu));
  const date = new Date().toISOString().slice(0, 10);
  try {
    return await runCollection({
      ...options,
      job,
      executor,
      machine,
      date,
      ...(onWarning !== undefined && { onWarning }),
      restart: restart ? 'any' : undefined,
      nowSeconds: () => performance.now() / 1000,
    });
  } finally {
    if (given === undefined) await executor.close();
  }
}
