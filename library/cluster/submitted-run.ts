import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { CoordinatorEndpoint } from '../../proto/client/endpoint.js';
import { readProgress } from '../../proto/convert/progress.js';
import { halotile } from '../../proto/gen/messages.js';
import { badInput, calledBy, HalotileError } from '../../tiling/errors.js';
import type { JobProgress } from '../../tiling/job/job-progress.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { eachOf } from './cluster-files.js';
import { JobsClient, resultOf, type SubmitTerms, type SubmittedSpec } from './jobs-client.js';

/** How a job runs on a cluster. */
export interface ClusterRunOptions extends SubmitTerms {
  readonly endpoint: CoordinatorEndpoint;
  /** What happens, for people: uploads, states, downloads. */
  readonly onNote?: (note: string) => void;
  /** What is odd about local inputs, a sentence each. */
  readonly onWarning?: (what: string) => void;
  readonly onProgress?: (progress: JobProgress) => void;
  /** When it aborts, the job is cancelled. */
  readonly signal?: AbortSignal;
}

/** A job of any kind on its way through a cluster. */
export interface SubmittedRun {
  /** What is submitted: the job with each local file by the name that `send` gives for its path. */
  readonly spec: (send: (path: string) => Promise<string>) => Promise<SubmittedSpec>;
  /** Takes what a finished job made; absent where the output stays there. */
  readonly fetch?: (client: JobsClient, id: string) => Promise<void>;
}

/** What the coordinator says of a job that is done. */
export interface SubmittedResult {
  readonly job: string;
  readonly result: halotile.v1.IJobResult;
}

/**
 * Sends a job's local files, submits it, follows it to its end and fetches its output.
 * @throws HalotileError as the job failed, local files by their own names
 */
export async function runSubmitted(
  { spec, fetch }: SubmittedRun,
  options: ClusterRunOptions,
): Promise<SubmittedResult> {
  const { endpoint, signal, onNote = () => {} } = options;
  const client = new JobsClient(endpoint);
  const names = new Map<string, string>();
  try {
    const sent = await spec(async (path) => {
      const name = await client.upload(resolve(path));
      names.set(name, path);
      return name;
    });
    signal?.throwIfAborted();
    const id = (await client.submit(sent, options)).id!;
    onNote(`job ${id}`);
    const onAbort = () => void client.cancel(id).catch(() => {});
    signal?.addEventListener('abort', onAbort, { once: true });
    const result = await follow(client, id, options);
    signal?.removeEventListener('abort', onAbort);
    await fetch?.(client, id);
    return { job: id, result };
  } catch (error) {
    throw inLocalNames(error, names);
  } finally {
    client.close();
  }
}

/** What a job over many images hands back of a cluster, whatever it makes of them. */
export interface ClusterFolderResult {
  readonly job: string;
  readonly output: string;
  readonly seconds: Readonly<Record<string, number>>;
  readonly report: string;
}

/**
 * Runs a job over many images; where the output is `local`, its folder gets the files of its result, each whole or not at all.
 * @param folder that the job's `output` lies in, or is
 * @throws HalotileError as the job failed, local files by their own names
 */
export async function runForFolder(
  spec: SubmittedRun['spec'],
  { output, folder, local }: { readonly output: string; readonly folder: string; readonly local: boolean },
  options: ClusterRunOptions,
): Promise<ClusterFolderResult & { readonly result: halotile.v1.IJobResult }> {
  const { onNote = () => {} } = options;
  const fetch = (client: JobsClient, id: string) => fetchFolder(client, id, { folder, onNote });
  const { job, result } = await runSubmitted({ spec, ...(local && { fetch }) }, options);
  const report = local ? join(folder, 'report.html') : `${folder.replace(/\/+$/, '')}/report.html`;
  return { job, output, seconds: secondsOf(result), report, result };
}

/** Images of a job over many, by what became of them. */
export interface ImageCounts {
  readonly total: number;
  readonly written: number;
  readonly reused: number;
  readonly failed: number;
}

/** How many images a job over many of them found and wrote. */
export function imageCountsOf({ counts }: halotile.v1.IJobResult): ImageCounts {
  return {
    total: counts?.imagesTotal ?? 0,
    written: counts?.imagesWritten ?? 0,
    reused: counts?.imagesReused ?? 0,
    failed: counts?.imagesFailed ?? 0,
  };
}

/** Seconds by what they went into, the whole job's as `total`. */
export function secondsOf({ seconds, wallSeconds }: halotile.v1.IJobResult): Record<string, number> {
  return { ...(seconds ?? {}), total: wallSeconds ?? 0 };
}

/** What an output that is to be fetched is called at the coordinator. */
export function downloadName(output: string): string {
  return `download:${basename(output).replace(/[^A-Za-z0-9._-]/g, '_') || 'out'}`;
}

/**
 * Follows a job to its end and hands back its result.
 * @throws HalotileError as the job failed
 */
async function follow(
  client: JobsClient,
  id: string,
  options: Pick<ClusterRunOptions, 'onNote' | 'onProgress'>,
): Promise<halotile.v1.IJobResult> {
  let last: halotile.v1.WatchJobResponse | undefined;
  let state: halotile.v1.JobState | undefined;
  for await (const event of client.watch(id)) {
    const name = stateName(event.state);
    if (event.state !== state) options.onNote?.(['', name].includes(event.note) ? name : `${name}: ${event.note}`);
    state = event.state;
    last = event;
    if (event.progress) options.onProgress?.(readProgress(event.progress));
  }
  if (last === undefined) throw new HalotileError('unreachable', { what: 'no event of the job came', job: id });
  return resultOf(last);
}

/** `waiting for workers`, for people. */
export function stateName(state: halotile.v1.JobState | undefined): string {
  const name = halotile.v1.JobState[state ?? 0] ?? 'JOB_STATE_UNSPECIFIED';
  return name.replace('JOB_STATE_', '').toLowerCase().replaceAll('_', ' ');
}

/** Fetches every file of a finished job into a folder. */
async function fetchFolder(
  client: JobsClient,
  id: string,
  { folder, onNote }: { readonly folder: string; readonly onNote: (note: string) => void },
): Promise<void> {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) {
    throw badInput({ what: 'the output is a file', file: folder, expected: 'a folder or nothing' });
  }
  onNote(`fetching ${folder}`);
  await eachOf(client.results(id), async ({ name = '' }) => {
    const path = join(folder, ...(name ?? '').split('/'));
    makeFolder(dirname(path));
    await client.download(id, path, { name: name ?? '' });
  });
}

/** An error that names uploads, in the names of the files that were sent. */
function inLocalNames(error: unknown, names: ReadonlyMap<string, string>): unknown {
  if (!(error instanceof HalotileError)) return error;
  return new HalotileError(
    error.tag,
    calledBy(error.detail, (name) => names.get(name) ?? name),
    { cause: error },
  );
}
