import { type ErrorRecord, fromErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import type { Rect } from '../../tiling/geometry/rect.js';
import type { MapScanJob, TileExecutor, TileJob, TileResult, TileTask } from '../../tiling/job/execution.js';
import type { ModuleShape } from '../../tiling/operations/custom-module.js';
import type { Cluster, JobTerms } from './cluster.js';

/** Tiles of one job that the scheduler knows at once: enough for hundreds of workers, few enough to hold. */
const SLOTS = 2048;

/** The cluster as one job sees it: an executor like the threads of this process. */
export class ClusterExecutor implements TileExecutor {
  readonly slots = SLOTS;
  readonly awaitsBackends = true;
  readonly #cluster: Cluster;
  readonly #terms: JobTerms;
  readonly #scanner: Pick<TileExecutor, 'scanMap' | 'checkModule'>;
  #key: string | undefined;
  #stopped: ErrorRecord | undefined;

  /** @param scanner reads maps that must be known before there is a plan */
  constructor(cluster: Cluster, terms: JobTerms, scanner: Pick<TileExecutor, 'scanMap' | 'checkModule'>) {
    this.#cluster = cluster;
    this.#terms = terms;
    this.#scanner = scanner;
  }

  /** What every connected worker has, so that all of them take part; the processor where none is connected. */
  get boundedBackends(): readonly string[] {
    return this.#cluster.boundedBackends;
  }

  /** Leases that workers hold for this job. */
  get running(): number {
    return this.#key === undefined ? 0 : this.#cluster.leasesOf(this.#key);
  }

  async runTile(job: TileJob, task: TileTask): Promise<TileResult> {
    if (this.#stopped !== undefined) throw fromErrorRecord(this.#stopped);
    this.#key = job.key;
    try {
      return await this.#cluster.run(job, task, this.#terms);
    } catch (error) {
      // The scheduler has tried whatever may help: one tile's failure is the job's.
      this.#stopped ??= toErrorRecord(error, 'tile-failed');
      throw error;
    }
  }

  scanMap(job: MapScanJob, rect: Rect): Promise<number> {
    return this.#scanner.scanMap(job, rect);
  }

  checkModule(bytes: Uint8Array, where: string): Promise<ModuleShape> {
    return this.#scanner.checkModule(bytes, where);
  }

  closeJob(key: string): Promise<void> {
    return this.#cluster.closeJob(key, { tag: 'interrupted', detail: { what: 'the job is over' } });
  }

  /** Ends the job at once: what runs or waits fails with `reason`. */
  async stop(reason: ErrorRecord): Promise<void> {
    this.#stopped = reason;
    if (this.#key !== undefined) await this.#cluster.closeJob(this.#key, reason);
  }

  async close(): Promise<void> {
    await this.stop({ tag: 'interrupted', detail: { what: 'the job is over' } });
  }
}
