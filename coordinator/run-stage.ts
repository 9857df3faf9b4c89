import { ERROR_TABLE, HalotileError } from '../tiling/errors.js';
import type { TileExecutor, TileJob, TileResult, TileTask } from '../tiling/job/execution.js';

/** How often a tile is tried before its failure is the job's. */
const MAX_ATTEMPTS = 3;
/** Attempts handed to an executor beyond its slots, so that none waits for the next message. */
const QUEUED_PER_SLOT = 1;

/** A tile to run; attempts are counted here. */
export type StageTask = Omit<TileTask, 'attempt'>;

/** One pass over tiles: what to run, and what to do with each result. */
export interface StageRun {
  readonly job: TileJob;
  /**
   * In the order in which they should start. The tasks of one sequence run one after the other, each asked for
   * when the one before it is committed.
   */
  readonly sequences: Iterable<Iterable<StageTask>>;
  /** Called once for every finished tile, in the order in which they finish. */
  readonly commit: (result: TileResult) => void;
  /** When it aborts, no further tile starts; those under way are finished and committed. */
  readonly signal?: AbortSignal;
}

/**
 * Runs all tiles of a stage and returns when each is committed.
 * @throws the first tile's error that is not mended by trying again; `interrupted` after an abort
 */
export async function runStage(executor: TileExecutor, { job, sequences, commit, signal }: StageRun): Promise<void> {
  const queue = sequences[Symbol.iterator]();
  let failure: unknown;

  async function attempt(task: StageTask): Promise<void> {
    for (let count = 1; ; count++) {
      try {
        commit(await executor.runTile(job, { ...task, attempt: count }));
        return;
      } catch (error) {
        const mendable =
          error instanceof HalotileError && error.tag === 'tile-failed' && ERROR_TABLE[error.tag].retryable;
        if (!mendable || count === MAX_ATTEMPTS) throw error;
      }
    }
  }

  async function lane(): Promise<void> {
    while (failure === undefined && !signal?.aborted) {
      const next = queue.next();
      if (next.done) return;
      try {
        for (const task of next.value) {
          if (failure !== undefined || signal?.aborted) return;
          await attempt(task);
        }
      } catch (error) {
        if (failure !== undefined) return;
        failure = error;
        // What waits in the executor is not begun any more, and a user's kernel may have hours to go.
        await executor.closeJob(job.key);
      }
    }
  }

  await Promise.allSettled(Array.from({ length: executor.slots * (1 + QUEUED_PER_SLOT) }, lane));
  if (failure !== undefined) throw failure;
  if (signal?.aborted) {
    throw new HalotileError('interrupted', {
      what: 'interrupted',
      remedy: 'run the same command again to continue where it stopped',
    });
  }
}
