import type { CoordinatorEndpoint } from '../../proto/client/endpoint.js';
import { readFailure } from '../../proto/convert/failure.js';
import { readProgress } from '../../proto/convert/progress.js';
import { readTimestamp } from '../../proto/convert/timestamp.js';
import type { halotile } from '../../proto/gen/messages.js';
import { fromErrorRecord, type HalotileError } from '../../tiling/errors.js';
import { type CollectionSpecInput, isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { type DatasetSpecInput, isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { JobProgress } from '../../tiling/job/job-progress.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { parseAnySpec } from '../parse-specs.js';
import { type ClusterCollectionResult, runCollectionOnCluster } from './cluster-collection.js';
import { type ClusterDatasetResult, runDatasetOnCluster } from './cluster-dataset.js';
import { type ClusterResult, runOnCluster } from './cluster-run.js';
import { JobsClient, type SubmitTerms } from './jobs-client.js';
import { type ClusterRunOptions, stateName } from './submitted-run.js';

/** How far a job on a coordinator is; `succeeded`, `failed` and `cancelled` stay. */
export type ClusterJobState =
  | 'queued'
  | 'waiting for workers'
  | 'running'
  | 'assembling'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'quarantined';

/** What a job that has succeeded did. */
export interface FinishedJob {
  readonly output: string;
  readonly tiles: number;
  /** CRC-32 of the level-0 pixels in raster order, 8 hexadecimal digits; of a single image. */
  readonly crc: string;
  readonly bytes: number;
  /** Seconds over all threads by what they went into, and `total` wall seconds. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

/** Something that happened to a job. */
export interface ClusterJobEvent {
  readonly state: ClusterJobState;
  /** For people; empty where there is nothing to say. */
  readonly note: string;
  readonly progress?: JobProgress;
  readonly result?: FinishedJob;
  readonly failure?: HalotileError;
}

/** A job of a coordinator. */
export interface ClusterJob extends Omit<ClusterJobEvent, 'note'> {
  readonly id: string;
  readonly output: string;
  readonly principal: string;
  readonly priority: number;
  /** How often a coordinator has taken it. */
  readonly attempt: number;
  readonly submitted?: Date;
  readonly started?: Date;
  readonly finished?: Date;
}

/** A job of any kind as its file holds it. */
export type AnyJobSpecInput = JobSpecInput | DatasetSpecInput | CollectionSpecInput;

/** How {@link CoordinatorConnection.run} runs a job. */
export type ClusterCallOptions = Omit<ClusterRunOptions, 'endpoint'>;

/**
 * Opens a connection to a coordinator. Nothing is sent before the first call, which is tried again while the coordinator
 * cannot be reached, for some 12 seconds.
 */
export function connect(
  address: string,
  security: Pick<CoordinatorEndpoint, 'token' | 'tls'> = {},
): CoordinatorConnection {
  return new CoordinatorConnection({ address, ...security });
}

/** A client of a coordinator. Every call may be repeated, and rejects with a HalotileError. */
export class CoordinatorConnection {
  readonly #endpoint: CoordinatorEndpoint;
  readonly #jobs: JobsClient;

  constructor(endpoint: CoordinatorEndpoint) {
    this.#endpoint = endpoint;
    this.#jobs = new JobsClient(endpoint);
  }

  /**
   * Puts a job into the queue and hands back its id. Its paths are `root:NAME/PATH`, `upload:ID` as {@link upload} gave
   * it, and for the output `download:NAME`, which {@link download} fetches.
   */
  async submit(spec: AnyJobSpecInput, terms: SubmitTerms = {}): Promise<string> {
    return (await this.#jobs.submit(parseAnySpec(spec), terms)).id!;
  }

  /** Uploads local inputs, submits, follows the job to its end and fetches a local output. */
  async run(
    spec: AnyJobSpecInput,
    options: ClusterCallOptions = {},
  ): Promise<ClusterResult | ClusterDatasetResult | ClusterCollectionResult> {
    const job = parseAnySpec(spec);
    const terms = { ...options, endpoint: this.#endpoint };
    if (isDatasetSpec(job)) return runDatasetOnCluster(job, terms);
    return isCollectionSpec(job) ? runCollectionOnCluster(job, terms) : runOnCluster(job, terms);
  }

  /** How a job is now. @throws not-found */
  async job(id: string): Promise<ClusterJob> {
    return jobOf(await this.#jobs.get(id));
  }

  /** All that the caller may see, newest first. */
  async *jobs(): AsyncGenerator<ClusterJob> {
    for await (const message of this.#jobs.list()) yield jobOf(message);
  }

  /** What happens to a job until it ends, from its beginning; a broken stream is taken up where it broke. */
  async *watch(id: string, { signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<ClusterJobEvent> {
    for await (const event of this.#jobs.watch(id, signal)) yield { ...eventOf(event), note: event.note };
  }

  /** Stops a job; its finished tiles stay for the next submission. @throws not-found */
  async cancel(id: string): Promise<ClusterJob> {
    return jobOf(await this.#jobs.cancel(id));
  }

  /** Sends a file and hands back its name in specs; goes on where an earlier try broke. */
  async upload(path: string, onProgress?: (sentBytes: number) => void): Promise<string> {
    return this.#jobs.upload(path, onProgress);
  }

  /**
   * Fetches a finished job's output into a file, which appears when it is whole; of a job over many images its `file`.
   * @returns its size in bytes
   */
  async download(
    id: string,
    path: string,
    { file, onProgress }: { readonly file?: string; readonly onProgress?: (bytes: number, size: number) => void } = {},
  ): Promise<number> {
    return this.#jobs.download(id, path, { name: file, onProgress });
  }

  /** The files of a finished job's output, by their names below it. */
  async *files(id: string): AsyncGenerator<{ readonly name: string; readonly bytes: number }> {
    for await (const { name, size } of this.#jobs.results(id)) yield { name: name ?? '', bytes: size ?? 0 };
  }

  /** Ends the connection; calls under way reject. */
  close(): void {
    this.#jobs.close();
  }
}

function jobOf(message: halotile.v1.IJob): ClusterJob {
  const { id, principal, priority, attempt, submitted, started, finished } = message;
  const { output } = message.spec ?? message.dataset ?? message.collection ?? {};
  return {
    ...eventOf(message),
    ...{ id: id ?? '', output: output ?? '', principal: principal ?? '' },
    ...{ priority: priority ?? 0, attempt: attempt ?? 0 },
    ...{ submitted: dateOf(submitted), started: dateOf(started), finished: dateOf(finished) },
  };
}

function eventOf({
  state,
  progress,
  result,
  failure,
}: Pick<halotile.v1.IJob, 'state' | 'progress' | 'result' | 'failure'>): Omit<ClusterJobEvent, 'note'> {
  return {
    state: stateName(state ?? undefined) as ClusterJobState,
    ...(progress && { progress: readProgress(progress) }),
    ...(result && { result: finishedOf(result) }),
    ...(failure && { failure: fromErrorRecord(readFailure(failure)) }),
  };
}

function finishedOf(message: halotile.v1.IJobResult): FinishedJob {
  const { output, tiles, pixelCrc, outputBytes, wallSeconds, seconds, counts } = message;
  return {
    ...{ output: output ?? '', tiles: tiles ?? 0, bytes: outputBytes ?? 0, counts: counts ?? {} },
    crc: (pixelCrc ?? 0).toString(16).padStart(8, '0'),
    seconds: { ...seconds, total: wallSeconds ?? 0 },
  };
}

function dateOf(time: halotile.v1.IJob['submitted']): Date | undefined {
  const ms = readTimestamp(time);
  return ms === undefined ? undefined : new Date(ms);
}
