import { basename, resolve } from 'node:path';
import { checkedOutput } from '../../coordinator/index.js';
import { readProgress } from '../../proto/convert/progress.js';
import { halotile } from '../../proto/gen/messages.js';
import { HalotileError } from '../../tiling/errors.js';
import type { JobProgress } from '../../tiling/job/job-progress.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { checkFetched } from '../../tiling/job/output-format.js';
import { absoluteName } from '../../tiling/places/url.js';
import type { CoordinatorEndpoint } from '../../tiling/work/references.js';
import { localInputs, sendInputs } from './cluster-files.js';
import { isClusterName } from './cluster-names.js';
import { JobsClient, resultOf, type SubmitTerms } from './jobs-client.js';

/** How a job runs on a cluster. */
export interface ClusterRunOptions extends SubmitTerms {
  readonly endpoint: CoordinatorEndpoint;
  /** What happens, for people: uploads, states, downloads. */
  readonly onNote?: (note: string) => void;
  readonly onProgress?: (progress: JobProgress) => void;
  /** When it aborts, the job is cancelled. */
  readonly signal?: AbortSignal;
}

/** What a job on a cluster hands back. */
export interface ClusterResult {
  readonly job: string;
  readonly output: string;
  readonly tiles: number;
  /** CRC-32 of the level-0 pixels in raster order, 8 hexadecimal digits. */
  readonly crc: string;
  readonly bytes: { readonly output: number };
  readonly seconds: Readonly<Record<string, number>>;
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * Runs a job on a cluster: local inputs, those of operations' parameters too, are uploaded, `root:` names are left as they are, a local output is
 * fetched when the job is done.
 * @throws HalotileError as the job failed
 */
export async function runOnCluster(spec: JobSpec, options: ClusterRunOptions): Promise<ClusterResult> {
  const { endpoint, signal, onNote = () => {} } = options;
  const client = new JobsClient(endpoint);
  try {
    const local = !isClusterName(spec.output);
    if (local) checkFetched(spec.output);
    const place = local ? checkedOutput(absoluteName(spec.output), localInputs(spec)) : '';
    const sent = await sendInputs(spec, (path) => {
      onNote(`uploading ${path}`);
      return client.upload(resolve(path));
    });
    const output = local ? `download:${basename(spec.output).replace(/[^A-Za-z0-9._-]/g, '_')}` : spec.output;
    const job = await client.submit({ ...sent, output }, options);
    const id = job.id!;
    onNote(`job ${id}`);
    const onAbort = () => void client.cancel(id).catch(() => {});
    signal?.addEventListener('abort', onAbort, { once: true });
    const result = await follow(client, id, options);
    signal?.removeEventListener('abort', onAbort);
    if (local) {
      onNote(`fetching ${spec.output}`);
      await client.download(id, place);
    }
    const { pixelCrc = 0, tiles = 0, outputBytes = 0, wallSeconds = 0, seconds = {}, counts = {} } = result;
    return {
      ...{ job: id, output: spec.output, tiles, bytes: { output: outputBytes } },
      crc: pixelCrc.toString(16).padStart(8, '0'),
      seconds: { ...(seconds ?? {}), total: wallSeconds },
      counts: counts ?? {},
    };
  } finally {
    client.close();
  }
}

/**
 * Follows a job to its end and hands back its result.
 * @throws HalotileError as the job failed
 */
export async function follow(
  client: JobsClient,
  id: string,
  options: Pick<ClusterRunOptions, 'onNote' | 'onProgress'>,
): Promise<halotile.v1.IJobResult> {
  let last: halotile.v1.WatchJobResponse | undefined;
  let state: halotile.v1.JobState | undefined;
  for await (const event of client.watch(id)) {
    if (event.state !== state)
      options.onNote?.(`${stateName(event.state)}${event.note === '' ? '' : `: ${event.note}`}`);
    state = event.state;
    last = event;
    if (event.progress) options.onProgress?.(readProgress(event.progress));
  }
  if (last === undefined) throw new HalotileError('unreachable', { what: 'no event of the job came', where: id });
  return resultOf(last);
}

/** `waiting for workers`, for people. */
export function stateName(state: halotile.v1.JobState | undefined): string {
  const name = halotile.v1.JobState[state ?? 0] ?? 'JOB_STATE_UNSPECIFIED';
  return name.replace('JOB_STATE_', '').toLowerCase().replaceAll('_', ' ');
}
