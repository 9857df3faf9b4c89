import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import { publishOutput } from '../../coordinator/index.js';
import { CoordinatorClient, writeWhenReady } from '../../proto/client/calls.js';
import type { CoordinatorEndpoint } from '../../proto/client/endpoint.js';
import { writeCollectionSpec } from '../../proto/convert/collection-spec.js';
import { writeDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { readFailure } from '../../proto/convert/failure.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { writeTimestamp } from '../../proto/convert/timestamp.js';
import { halotile } from '../../proto/gen/messages.js';
import { Jobs } from '../../proto/gen/services.js';
import { badInput, fromErrorRecord, HalotileError } from '../../tiling/errors.js';
import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';

const { JobState } = halotile.v1;
const CHUNK_BYTES = 1 << 20;
/** Tries of one transfer or watch before its failure counts; a stream that made progress starts afresh. */
const MAX_TRIES = 6;

/** A job of any kind, as it is submitted. */
export type SubmittedSpec = JobSpecInput | DatasetSpec | CollectionSpec;

/** How a job is to be run, beside what it does. */
export interface SubmitTerms {
  /** The same id names the same job; a new one where absent. */
  readonly requestId?: string;
  /** Larger runs first. */
  readonly priority?: number;
  /** How often a coordinator may take it; as the coordinator has it where absent. */
  readonly maxAttempts?: number;
  /** Wait after an attempt that failed for a cause that may pass; as the coordinator has it where absent. */
  readonly backoffSeconds?: number;
  /** Discard what earlier jobs left of the output. */
  readonly restart?: boolean;
  /** One task in so many is to be computed on a second worker too; as the coordinator does where absent. */
  readonly verifyEvery?: number;
  /** The span that the job is part of, as W3C's `traceparent`. */
  readonly traceparent?: string;
  /** Jobs that follow it. */
  readonly followUps?: halotile.v1.IFollowUp[];
  /** Where its end is told. */
  readonly webhooks?: halotile.v1.IWebhook[];
}

/** Which jobs a listing holds. */
export interface JobsListed {
  /** In any state where empty or absent. */
  readonly states?: readonly halotile.v1.JobState[];
  /** Of all that the caller may see where absent. */
  readonly principal?: string;
  /** Submitted then or later, milliseconds since 1970. */
  readonly sinceMs?: number;
}

/** A job as messages hold it: in the field of its kind. */
export function jobMessageOf(
  spec: SubmittedSpec,
): Pick<halotile.v1.ISubmitJobRequest, 'spec' | 'dataset' | 'collection'> {
  if ('image' in spec) return { spec: writeJobSpec(spec) };
  return 'palette' in spec ? { dataset: writeDatasetSpec(spec) } : { collection: writeCollectionSpec(spec) };
}

/** What a client of the public API does; every method may be repeated. */
export class JobsClient {
  readonly #client: CoordinatorClient;
  /** Uploads under way, by id. */
  readonly #sending = new Map<string, Promise<void>>();

  constructor(endpoint: CoordinatorEndpoint) {
    this.#client = new CoordinatorClient(endpoint);
  }

  /** @throws HalotileError as the coordinator refuses it */
  async submit(spec: SubmittedSpec, options: SubmitTerms = {}): Promise<halotile.v1.IJob> {
    const { priority = 0, requestId = randomUUID(), restart = false, verifyEvery: verifyOneIn = 0 } = options;
    const { maxAttempts, backoffSeconds, followUps, webhooks, traceparent } = options;
    const terms = { requestId, priority, restart, verifyOneIn, maxAttempts, backoffSeconds, followUps, webhooks };
    const request = { ...terms, ...jobMessageOf(spec) };
    const { job } = await patiently(() => this.#client.unary(Jobs.submitJob, request, {}, traceparent));
    return job!;
  }

  async get(id: string): Promise<halotile.v1.IJob> {
    return (await patiently(() => this.#client.unary(Jobs.getJob, { id }))).job!;
  }

  /** Newest first, all pages. */
  async *list({ states = [], principal = '', sinceMs }: JobsListed = {}): AsyncGenerator<halotile.v1.IJob> {
    const filter = { pageSize: 100, states: [...states], principal, since: writeTimestamp(sinceMs) };
    let pageToken = '';
    do {
      const page = await this.#client.unary(Jobs.listJobs, { ...filter, pageToken });
      yield* page.jobs;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** By name, all pages. */
  async *workers(): AsyncGenerator<halotile.v1.IConnectedWorker> {
    let pageToken = '';
    do {
      const page = await this.#client.unary(Jobs.listWorkers, { pageSize: 100, pageToken });
      yield* page.workers;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  async cancel(id: string): Promise<halotile.v1.IJob> {
    return (await patiently(() => this.#client.unary(Jobs.cancelJob, { id }))).job!;
  }

  /** Puts a quarantined job back into the queue; for admins. */
  async release(id: string): Promise<halotile.v1.IJob> {
    return (await patiently(() => this.#client.unary(Jobs.releaseJob, { id }))).job!;
  }

  /** Puts a job that failed or was cancelled back into the queue. */
  async retry(id: string): Promise<halotile.v1.IJob> {
    return (await patiently(() => this.#client.unary(Jobs.retryJob, { id }))).job!;
  }

  /** Forgets a job that has ended; the job as it was. */
  async delete(id: string): Promise<halotile.v1.IJob> {
    return (await patiently(() => this.#client.unary(Jobs.deleteJob, { id }))).job!;
  }

  /** Removes what unfinished jobs left of an output. */
  async discard(output: string): Promise<void> {
    await patiently(() => this.#client.unary(Jobs.discardOutput, { output }));
  }

  plan(spec: JobSpecInput): Promise<halotile.v1.PlanJobResponse> {
    return this.#client.unary(Jobs.planJob, { spec: writeJobSpec(spec) });
  }

  /** A job's events until its last one; a broken stream is taken up where it broke. */
  async *watch(id: string, signal?: AbortSignal): AsyncGenerator<halotile.v1.WatchJobResponse> {
    let afterSequence = 0;
    for (let tries = 1; ; tries++) {
      const stream = this.#client.serverStream(Jobs.watchJob, { id, afterSequence });
      const onAbort = () => stream.cancel();
      let isLast = false;
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        for await (const message of stream.iterator({ destroyOnReturn: false })) {
          const event = message as halotile.v1.WatchJobResponse;
          afterSequence = event.sequence;
          tries = 1;
          isLast = isEnded(event.state);
          yield event;
          if (isLast) return;
        }
        throw new HalotileError('unreachable', { what: 'the stream of events ended', where: this.#client.address });
      } catch (error) {
        if (signal?.aborted) return;
        const failure = this.#client.errorOf(error);
        if (!isTransient(failure) || tries >= MAX_TRIES) throw failure;
        await wait(200 * 2 ** tries);
      } finally {
        signal?.removeEventListener('abort', onAbort);
        // HTTP/2 servers close connections on which more than some thirty streams a second are cancelled, which clients of
        // many tiny jobs would come to. The coordinator ends a stream after the last event; read to there, it needs no
        // cancel, where one that is not read would be reset by grpc-js.
        stream.on('error', () => {});
        if (isLast) stream.resume();
        else stream.cancel();
      }
    }
  }

  /** Sends a file and returns its name in specs; goes on where an earlier try broke. */
  async upload(path: string, onProgress: (sentBytes: number) => void = () => {}): Promise<string> {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile()) throw badInput({ what: 'there is no such file', file: path, expected: 'a file to upload' });
    const { size } = stat;
    const { crc, uploadId } = await identify(path, size);
    // Two files of one content are one upload, and only one stream may write it.
    let sent = this.#sending.get(uploadId);
    if (sent === undefined) {
      sent = this.#send(path, { uploadId, size, crc, name: basename(path) }, onProgress);
      this.#sending.set(uploadId, sent);
      const over = () => this.#sending.delete(uploadId);
      sent.then(over, over);
    }
    await sent;
    return `upload:${uploadId}`;
  }

  #send(
    path: string,
    header: halotile.v1.IUploadHeader & { readonly uploadId: string },
    onProgress: (sentBytes: number) => void,
  ): Promise<void> {
    const { uploadId } = header;
    return patiently(async () => {
      const { received, complete } = await this.#uploaded(uploadId);
      if (complete) return;
      const { stream, response } = this.#client.clientStream(Jobs.upload);
      stream.on('error', () => {});
      response.catch(() => {});
      await writeWhenReady(stream, { header });
      let offset = received;
      for await (const chunk of createReadStream(path, { start: received, highWaterMark: CHUNK_BYTES })) {
        const data = chunk as Buffer;
        if (!(await writeWhenReady(stream, { chunk: { offset, data, crc: crc32(data) } }))) break;
        offset += data.length;
        onProgress(offset);
      }
      stream.end();
      if (!(await response).complete)
        throw new HalotileError('unreachable', { what: 'the upload ended early', file: path });
    });
  }

  /** The files of a finished job's output, all pages. */
  async *results(jobId: string): AsyncGenerator<halotile.v1.IResultFile> {
    let pageToken = '';
    do {
      const request = { jobId, pageSize: 1000, pageToken };
      const page = await patiently(() => this.#client.unary(Jobs.listResultFiles, request));
      yield* page.files;
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** Fetches a finished job's output, of a dataset the file `name`, into a file, which appears when it is whole. */
  async download(
    jobId: string,
    path: string,
    {
      name = '',
      onProgress = () => {},
    }: { readonly name?: string; readonly onProgress?: (bytes: number, size: number) => void } = {},
  ): Promise<number> {
    const temporary = `${path}.download-${jobId}`;
    const file = await open(temporary, 'w');
    let position = 0;
    let fileCrc = 0;
    try {
      await patiently(async () => {
        const stream = this.#client.serverStream(Jobs.download, { jobId, name, offset: position });
        let ended = false;
        try {
          for await (const message of stream) {
            const { chunk, size, fileCrc: announced } = message as halotile.v1.DownloadResponse;
            if (chunk?.data) {
              if (crc32(chunk.data) !== chunk.crc || chunk.offset !== position) throw damaged(path);
              await file.write(chunk.data, 0, chunk.data.length, position);
              fileCrc = crc32(chunk.data, fileCrc);
              position += chunk.data.length;
              onProgress(position, size);
            } else ended = position === size;
            if (announced !== undefined && announced !== null && announced !== fileCrc) throw damaged(path);
          }
        } catch (error) {
          stream.cancel();
          throw this.#client.errorOf(error);
        }
        if (!ended) throw new HalotileError('unreachable', { what: 'the download ended early', file: path });
      });
      await file.close();
      await publishOutput(temporary, path);
      return position;
    } catch (error) {
      await file.close().catch(() => {});
      rmSync(temporary, { force: true });
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }

  async #uploaded(uploadId: string): Promise<{ received: number; complete: boolean }> {
    try {
      return await this.#client.unary(Jobs.getUpload, { uploadId });
    } catch (error) {
      if (error instanceof HalotileError && error.tag === 'not-found') return { received: 0, complete: false };
      throw error;
    }
  }
}

/** Whether a job in this state stays as it is. */
export function isEnded(state: halotile.v1.JobState | undefined): boolean {
  return (
    state === JobState.JOB_STATE_SUCCEEDED ||
    state === JobState.JOB_STATE_FAILED ||
    state === JobState.JOB_STATE_CANCELLED
  );
}

/** The result of a job's last event, or its failure as an error. */
export function resultOf(event: halotile.v1.IWatchJobResponse): halotile.v1.IJobResult {
  if (event.result) return event.result;
  if (event.failure) throw fromErrorRecord(readFailure(event.failure));
  throw new HalotileError('interrupted', { what: 'the job was cancelled' });
}

async function patiently<T>(request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (!isTransient(error) || tries === MAX_TRIES) throw error;
      await wait(200 * 2 ** tries);
    }
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof HalotileError && (error.tag === 'unreachable' || error.tag === 'data-loss');
}

function damaged(path: string): HalotileError {
  return new HalotileError('data-loss', { what: 'the download was damaged on its way', file: path });
}

/** The id holds the content's SHA-256: among thousands of frames two may share size and CRC. */
async function identify(path: string, size: number): Promise<{ readonly crc: number; readonly uploadId: string }> {
  let crc = 0;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
    crc = crc32(chunk as Buffer, crc);
    hash.update(chunk as Buffer);
  }
  return { crc, uploadId: `${hash.digest('hex').slice(0, 40)}-${size}` };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
