import { open, stat, utimes } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { writeFailure } from '../../proto/convert/failure.js';
import { readTimestamp } from '../../proto/convert/timestamp.js';
import type { halotile } from '../../proto/gen/messages.js';
import { Jobs } from '../../proto/gen/services.js';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { type Tracing, traced } from '../../tiling/tracing.js';
import type { Cluster } from '../cluster/cluster.js';
import type { FollowRunner } from '../follow/follow-runner.js';
import type { FollowStore } from '../follow/follow-store.js';
import type { JobQueue, QueuedJob } from '../queue/job-queue.js';
import { isOpen } from '../queue/transitions.js';
import type { JobEvents } from '../service/job-events.js';
import { isDownload, type Owner, type Places } from '../service/places.js';
import type { PlanningThreads } from '../service/planning-threads.js';
import { resultFile, resultFiles } from '../service/result-files.js';
import type { Uploads } from '../service/uploads.js';
import { type Caller, maySee } from './access.js';
import { followMessage } from './follow-message.js';
import { clientStream, type Fail, serverStream, unary } from './handlers.js';
import { jobMessage, jobStateOf, progressMessage, queueStatesOf, resultMessage } from './job-message.js';
import { discards, refuseTooManyOpen, submitJob } from './submit-job.js';
import { workerMessage } from './worker-message.js';
import { jobsAtWorkers, workerViews } from './worker-view.js';

/** What the Jobs service answers from. */
export interface JobsServiceOptions {
  readonly queue: JobQueue;
  readonly events: JobEvents;
  readonly places: Places;
  readonly uploads: Uploads;
  /** What follows jobs. */
  readonly follows: FollowRunner;
  readonly followStore: Pick<FollowStore, 'read' | 'remove'>;
  /** Whose workers are listed. */
  readonly cluster: Cluster;
  /** Jobs that one principal may have open. */
  readonly maxOpenJobs: number;
  /** What a job would do; the spec's paths are real. */
  readonly plan: (spec: JobSpec, owner: Owner) => Promise<halotile.v1.IPlanJobResponse>;
  /** Checks what clients ask for. */
  readonly planning: PlanningThreads;
  readonly fail: Fail;
  readonly tracing?: Tracing;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

const MAX_PAGE = 1000;
const DEFAULT_PAGE = 100;
const CHUNK_BYTES = 1 << 20;
const CANCEL = 'cancel it and wait for its end first';

const asBytes = (bytes: Buffer): Buffer => bytes;

/** The service's methods as grpc-js wants them; requests that hold a spec are decoded where they are checked. */
export const JOBS_DEFINITION: ServiceDefinition = {
  ...(Jobs as ServiceDefinition),
  submitJob: { ...Jobs.submitJob, requestDeserialize: asBytes },
  planJob: { ...Jobs.planJob, requestDeserialize: asBytes },
};

/** The public API; see proto/halotile/v1/jobs.proto. */
export function jobsService(options: JobsServiceOptions): UntypedServiceImplementation {
  const { queue, events, places, uploads, followStore, cluster, planning, fail } = options;

  async function visible(id: string, caller: Caller): Promise<QueuedJob> {
    const job = await queue.get(id);
    return job !== undefined && maySee(job, caller) ? job : gone(id);
  }

  async function finished(id: string, caller: Caller): Promise<QueuedJob> {
    const job = await visible(id, caller);
    if (job.state === 'succeeded') return job;
    const what = `the job is ${job.state}`;
    throw new HalotileError('not-ready', { what, job: job.id, expected: 'a job that has succeeded' });
  }

  return {
    submitJob: unary(fail, async (bytes: Buffer, caller, parent) => {
      const { job, existed } = await traced(options.tracing, { name: 'submit', parent, answers: 'call' }, (context) =>
        submitJob(options, bytes, caller, context),
      );
      return { job: jobMessage(job, events), existed };
    }),

    getJob: unary(fail, async ({ id }: halotile.v1.GetJobRequest, caller) => {
      const job = await visible(id, caller);
      const follow = await followStore.read(id);
      return { job: { ...jobMessage(job, events), ...followMessage(follow, (path) => places.shown(path)) } };
    }),

    listJobs: unary(fail, async (request: halotile.v1.ListJobsRequest, caller) => {
      const { pageToken, states, principal, since } = request;
      if (principal !== '' && principal !== caller.principal && caller.role !== 'admin') {
        throw new HalotileError('not-allowed', { what: 'only an admin may list jobs of others', where: principal });
      }
      const page = await queue.list({
        principal: caller.role === 'admin' ? principal || undefined : caller.principal,
        states: states.length > 0 ? queueStatesOf(states) : undefined,
        sinceMs: readTimestamp(since),
        pageSize: Math.min(MAX_PAGE, request.pageSize || DEFAULT_PAGE),
        after: pageToken === '' ? undefined : pageToken,
      });
      return { jobs: page.jobs.map((job) => jobMessage(withoutImages(job), events)), nextPageToken: page.next ?? '' };
    }),

    watchJob: serverStream(fail, async function* (request: halotile.v1.WatchJobRequest, caller, signal) {
      let job: QueuedJob | undefined;
      // The first event is there at once.
      for await (const { sequence, note, state, change } of events.watch(request.id, request.afterSequence, signal)) {
        // The queue's record changes with its own events; how far a claimed job is, the others say themselves.
        if (change === 'queue' || job?.state !== 'claimed') job = await visible(request.id, caller);
        yield {
          sequence,
          note,
          state: jobStateOf(job, state),
          progress: progressMessage(job, events),
          failure: job.failure && writeFailure(job.failure),
          result: job.result && resultMessage(job.result),
        };
        if (!isOpen(job.state)) return;
      }
    }),

    cancelJob: unary(fail, async ({ id }: halotile.v1.CancelJobRequest, caller) => {
      await visible(id, caller);
      const job = (await queue.requestCancel(id)) ?? gone(id);
      if (isOpen(job.state)) events.queueChanged(id, 'cancel requested');
      else events.ended(id, job.state);
      return { job: jobMessage(job, events) };
    }),

    releaseJob: unary(fail, async ({ id }: halotile.v1.ReleaseJobRequest, caller) => {
      const { state } = await visible(id, caller);
      if (caller.role !== 'admin') {
        throw new HalotileError('not-allowed', { what: 'only an admin may release a job', job: id });
      }
      const job = (await queue.readmit(id)) ?? gone(id);
      if (state === 'quarantined') events.queueChanged(id, 'released');
      return { job: jobMessage(job, events) };
    }),

    retryJob: unary(fail, async ({ id }: halotile.v1.RetryJobRequest, caller) => {
      const { state, principal } = await visible(id, caller);
      if (!isOpen(state)) await refuseTooManyOpen(options, principal);
      const job = (await queue.retry(id)) ?? gone(id);
      if (job.state === 'queued') events.queueChanged(id, 'is tried again');
      return { job: jobMessage(job, events) };
    }),

    deleteJob: unary(fail, async ({ id }: halotile.v1.DeleteJobRequest, caller) => {
      await visible(id, caller);
      const job = (await queue.remove(id)) ?? gone(id);
      if (isOpen(job.state)) {
        const expected = 'a job that has ended';
        throw new HalotileError('not-ready', { what: `the job is ${job.state}`, job: id, expected, remedy: CANCEL });
      }
      await places.removeResult(id);
      await followStore.remove(id);
      return { job: jobMessage(job, events) };
    }),

    listWorkers: unary(fail, async ({ pageSize, pageToken }: halotile.v1.ListWorkersRequest, caller) => {
      const own = new Set<string>();
      const workers = cluster.lookAtWorkers();
      for (const id of jobsAtWorkers(cluster, workers)) {
        const job = await queue.get(id);
        if (job !== undefined && maySee(job, caller)) own.add(id);
      }
      const wallMs = options.nowMs();
      const key = ({ name, instance }: { name: string; instance: string }) => JSON.stringify([name, instance]);
      const left = workerViews(cluster, workers, { caller, isOwn: (id) => own.has(id), wallMs })
        .filter((worker) => key(worker) > pageToken)
        .sort((a, b) => (key(a) < key(b) ? -1 : 1));
      const page = left.slice(0, Math.min(MAX_PAGE, pageSize || DEFAULT_PAGE));
      return {
        workers: page.map((worker) => workerMessage(worker, wallMs)),
        nextPageToken: page.length < left.length ? key(page.at(-1)!) : '',
      };
    }),

    discardOutput: unary(fail, async ({ output }: halotile.v1.DiscardOutputRequest, caller) => {
      await planning.discard({ output, owner: caller, restart: discards(caller) });
      return {};
    }),

    planJob: unary(fail, async (bytes: Buffer, caller) => {
      return options.plan(await planning.planRequest(bytes, caller), caller);
    }),

    upload: clientStream(
      fail,
      async (first: halotile.v1.UploadRequest, rest: AsyncIterable<halotile.v1.UploadRequest>, caller) => {
        const { header } = first;
        if (!header) throw badUsage({ what: 'the first message has no header' });
        const { uploadId: id = '', size = 0, crc = 0, name = '' } = header;
        return uploads.receive(caller.principal, { id, size, crc, name }, chunksOf(rest));
      },
    ),

    getUpload: unary(fail, async ({ uploadId }: halotile.v1.GetUploadRequest, caller) => {
      return uploads.status(caller.principal, uploadId);
    }),

    listResultFiles: unary(fail, async (request: halotile.v1.ListResultFilesRequest, caller) => {
      const job = await finished(request.jobId, caller);
      const output = places.resultOf(job.spec, job.id);
      const pageSize = Math.min(MAX_PAGE, request.pageSize || DEFAULT_PAGE);
      return resultFiles(output, { pageSize, after: request.pageToken });
    }),

    download: serverStream(fail, async function* (request: halotile.v1.DownloadRequest, caller) {
      const job = await finished(request.jobId, caller);
      const output = places.resultOf(job.spec, job.id);
      const path = 'image' in job.spec ? output : resultFile(output, request.name);
      yield* fileMessages(path, request.offset);
      // What is fetched counts as used; files below a root are the user's own and keep their times.
      const seconds = options.nowMs() / 1000;
      if (isDownload(job.spec.output)) await utimes(path, seconds, seconds);
    }),
  };
}

function gone(id: string): never {
  throw new HalotileError('not-found', { what: 'no such job', job: id });
}

/** A page of jobs over thousands of images each would pass the size of a message. */
function withoutImages(job: QueuedJob): QueuedJob {
  if (isDatasetSpec(job.spec)) return { ...job, spec: { ...job.spec, images: [] } };
  if (!isCollectionSpec(job.spec)) return job;
  return { ...job, spec: { ...job.spec, images: job.spec.images.filter((each) => typeof each === 'string') } };
}

async function* chunksOf(messages: AsyncIterable<halotile.v1.UploadRequest>) {
  for await (const { chunk } of messages) {
    if (chunk) yield { offset: chunk.offset ?? 0, data: chunk.data ?? new Uint8Array(0), crc: chunk.crc ?? 0 };
  }
}

/** A file from `offset` on, and after its end the CRC of the whole where all of it was sent. */
async function* fileMessages(path: string, offset: number): AsyncGenerator<halotile.v1.IDownloadResponse> {
  const { size } = await stat(path).catch(() => {
    throw new HalotileError('not-found', { what: 'the output is not there any more' });
  });
  const file = await open(path, 'r');
  let fileCrc = 0;
  try {
    for (let position = offset; position < size; ) {
      const data = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, size - position));
      const { bytesRead } = await file.read(data, 0, data.length, position);
      if (bytesRead === 0)
        throw new HalotileError('data-loss', { what: 'the output became shorter while it was read' });
      const sent = data.subarray(0, bytesRead);
      fileCrc = crc32(sent, fileCrc);
      yield { chunk: { offset: position, data: sent, crc: crc32(sent) }, size };
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
  yield { size, ...(offset === 0 ? { fileCrc } : {}) };
}
