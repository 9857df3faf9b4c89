import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Context, Hono } from 'hono';
import { writeCollectionSpec } from '../../proto/convert/collection-spec.js';
import { writeDatasetSpec } from '../../proto/convert/dataset-spec.js';
import { writeJobSpec } from '../../proto/convert/job-spec.js';
import { halotile } from '../../proto/gen/messages.js';
import type { PageFile, PageJobs } from '../../proto/page/messages.js';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import { endingFormatOf } from '../../tiling/job/output-format.js';
import type { Caller } from '../api/access.js';
import type { Audit } from '../api/audit.js';
import { type SubmissionMeans, submitJob } from '../api/submit-job.js';
import type { Cluster } from '../cluster/cluster.js';
import type { RunningTiles } from '../job/running-job.js';
import { QUEUE_STATES, type QueuedJob, type QueueState } from '../queue/job-queue.js';
import { resultFile, resultFiles } from '../service/result-files.js';
import { type JobPlaces, mayChange } from './job-places.js';
import { jobDetail, jobView } from './job-view.js';
import type { Paces } from './pace.js';
import { type PageEnv, type PageGate, peerOf } from './page-gate.js';
import { palettesOf } from './palette-view.js';
import type { Pictures } from './pictures.js';
import { reportResponse } from './report-response.js';
import { tileStream } from './tile-stream.js';

/** What the routes of jobs answer from. */
export interface JobRoutesOptions extends SubmissionMeans {
  readonly gate: PageGate;
  readonly audit: Audit;
  readonly cluster: Cluster;
  readonly jobs: JobPlaces;
  readonly pictures: Pictures;
  readonly paces: Paces;
  /** The tiles of a job over one image that this coordinator runs. */
  readonly tilesOf: (id: string) => RunningTiles | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

const PAGE = 100;
const FILES = 500;

/** Jobs: lists, single ones, their tiles and files, and what may be done to them. */
export function addJobRoutes(app: Hono<PageEnv>, options: JobRoutesOptions): void {
  const { gate, audit, queue, events, cluster, jobs, pictures, paces, tilesOf, nowMs } = options;
  const parts = () => ({ events, paces, nowMs: nowMs() });
  const find = (c: Context<PageEnv>) => jobs.visible(c.req.param('id')!, c.get('caller'));
  const answer = (c: Context<PageEnv>, job: QueuedJob) =>
    c.json(jobDetail(job, parts(), jobs.picturesOf(job, c.get('caller'))));

  app.use('/api/jobs/*', gate.caller);
  app.use('/api/jobs', gate.caller);

  app.get('/api/jobs', async (c) => {
    const caller = c.get('caller');
    const { after } = c.req.query();
    const page = await queue.list({
      principal: caller.role === 'admin' ? undefined : caller.principal,
      states: statesOf(c.req.query('states')),
      pageSize: PAGE,
      ...(after !== undefined && { after: after.slice(0, 200) }),
    });
    const body: PageJobs = {
      jobs: page.jobs.map((job) => jobView(job, parts())),
      ...(page.next !== undefined && { next: page.next }),
    };
    return c.json(body);
  });

  app.get('/api/jobs/:id', async (c) => answer(c, await find(c)));

  app.get('/api/jobs/:id/tiles', async (c) => {
    const job = await find(c);
    const caller = c.get('caller');
    return tileStream(c, {
      running: () => tilesOf(job.id),
      pictures,
      place: async () => {
        const place = await jobs.outputOf(job.id, caller);
        return place?.unfinished ? place : undefined;
      },
      seen: () => cluster.lookAtJob(job.id),
      isOver: async () => {
        const now = await queue.get(job.id);
        return now === undefined || !mayChange(now);
      },
      nowMs: () => cluster.nowMs,
      mayLook: () => gate.identify(c)?.principal === caller.principal,
    });
  });

  app.post('/api/jobs/:id/cancel', async (c) => {
    const { id } = await find(c);
    const job = (await queue.requestCancel(id))!;
    if (mayChange(job)) events.queueChanged(id, 'cancel requested');
    else events.ended(id, job.state);
    audit.did('page: cancel', { caller: c.get('caller'), peer: peerOf(c), subject: id });
    return answer(c, job);
  });

  app.post('/api/jobs/:id/release', async (c) => {
    const { id, state } = await find(c);
    if (c.get('caller').role !== 'admin') {
      throw new HalotileError('not-allowed', { what: 'only an admin may release a job', job: id });
    }
    const job = (await queue.readmit(id))!;
    if (state === 'quarantined') events.queueChanged(id, 'released');
    audit.did('page: release', { caller: c.get('caller'), peer: peerOf(c), subject: id });
    return answer(c, job);
  });

  app.post('/api/jobs/:id/retry', async (c) => {
    const job = await find(c);
    if (mayChange(job))
      throw new HalotileError('not-ready', { what: `the job is ${job.state}`, expected: 'one that has ended' });
    const again = await submitAgain(options, job, c.get('caller'));
    audit.did('page: retry', { caller: c.get('caller'), peer: peerOf(c), subject: job.id });
    return answer(c, again);
  });

  app.get('/api/jobs/:id/files', async (c) => {
    const job = await find(c);
    const page = resultFiles(jobs.resultFolder(job), {
      pageSize: FILES,
      after: (c.req.query('after') ?? '').slice(0, 4096),
    });
    const files: PageFile[] = page.files.map(({ name, size }) => ({
      ...{ name, size },
      ...(endingFormatOf(name) !== undefined && {
        picture: `${job.id}.file.${Buffer.from(name).toString('base64url')}`,
      }),
    }));
    return c.json({ files, ...(page.nextPageToken !== '' && { next: page.nextPageToken }) });
  });

  app.get('/api/jobs/:id/palettes', async (c) => {
    const job = await find(c);
    return c.json({ palettes: palettesOf(resultFile(jobs.resultFolder(job), 'report.json')) });
  });

  app.get('/api/jobs/:id/report', async (c) => {
    const job = await find(c);
    return reportResponse(c, readFileSync(resultFile(jobs.resultFolder(job), 'report.html')));
  });
}

/** The same job once more, for whoever it was of: it continues where the other one stopped. */
async function submitAgain(
  means: SubmissionMeans,
  { spec, principal, roots, priority }: QueuedJob,
  caller: Caller,
): Promise<QueuedJob> {
  const what = isDatasetSpec(spec)
    ? { dataset: writeDatasetSpec(spec) }
    : isCollectionSpec(spec)
      ? { collection: writeCollectionSpec(spec) }
      : { spec: writeJobSpec(spec) };
  const request = {
    requestId: randomUUID(),
    priority: caller.role === 'admin' ? priority : Math.min(0, priority),
    ...what,
  };
  const bytes = halotile.v1.SubmitJobRequest.encode(request).finish();
  return (await submitJob(means, bytes, { principal, roots, role: caller.role })).job;
}

function statesOf(text: string | undefined): QueueState[] | undefined {
  if (text === undefined || text === '') return undefined;
  return text.split(',').map((each) => {
    const state = QUEUE_STATES.find((known) => known === each);
    if (state !== undefined) return state;
    throw badUsage({ what: `the state '${each.slice(0, 40)}' is none`, expected: QUEUE_STATES.join(', ') });
  });
}
