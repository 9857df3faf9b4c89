import { statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { findFrames, refuseFrameOverwrites } from '../../coordinator/index.js';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { eachOf, localInputs, sendInputs } from './cluster-files.js';
import { isClusterName } from './cluster-names.js';
import { type ClusterRunOptions, follow } from './cluster-run.js';
import { JobsClient } from './jobs-client.js';

/** Images of one job that may be uploaded; more belong into storage that the cluster sees. */
const MAX_UPLOADS = 20_000;

/** What a dataset job on a cluster hands back. */
export interface ClusterDatasetResult {
  readonly job: string;
  readonly output: string;
  readonly frames: {
    readonly total: number;
    readonly written: number;
    readonly reused: number;
    readonly failed: number;
  };
  readonly characters: { readonly total: number; readonly done: number };
  readonly seconds: Readonly<Record<string, number>>;
  readonly report: string;
}

/**
 * Runs a dataset job on a cluster: local images, maps and other files are uploaded, `root:` names are left as they
 * are, and where the output is a local folder the result's files are fetched into it, each whole or not at all.
 * @throws HalotileError as the job failed, local files by their own names
 */
export async function runDatasetOnCluster(
  spec: DatasetSpec,
  options: ClusterRunOptions,
): Promise<ClusterDatasetResult> {
  const { endpoint, signal, onNote = () => {} } = options;
  const client = new JobsClient(endpoint);
  const names = new Map<string, string>();
  try {
    const send = async (path: string) => {
      const name = await client.upload(resolve(path));
      names.set(name, path);
      return name;
    };
    const local = !isClusterName(spec.output);
    const sent = await sendDataset(spec, send, onNote);
    const output = local ? `download:${basename(resolve(spec.output)).replace(/[^A-Za-z0-9._-]/g, '_')}` : spec.output;
    signal?.throwIfAborted();
    const job = await client.submit({ ...sent, output }, options);
    const id = job.id!;
    onNote(`job ${id}`);
    const onAbort = () => void client.cancel(id).catch(() => {});
    signal?.addEventListener('abort', onAbort, { once: true });
    const result = await follow(client, id, options);
    signal?.removeEventListener('abort', onAbort);
    if (local) await fetchFolder(client, id, { folder: spec.output, onNote });
    const count = (name: string) => result.counts?.[name] ?? 0;
    return {
      ...{ job: id, output: spec.output },
      frames: {
        total: count('imagesTotal'),
        written: count('imagesWritten'),
        reused: count('imagesReused'),
        failed: count('imagesFailed'),
      },
      characters: { total: count('charactersTotal'), done: count('charactersDone') },
      seconds: { ...(result.seconds ?? {}), total: result.wallSeconds ?? 0 },
      report: local ? join(spec.output, 'report.html') : `${spec.output}/report.html`,
    };
  } catch (error) {
    throw inLocalNames(error, names);
  } finally {
    client.close();
  }
}

/** The job with every local file replaced by the name under which it was sent. */
async function sendDataset(
  spec: DatasetSpec,
  send: (path: string) => Promise<string>,
  onNote: (note: string) => void,
): Promise<DatasetSpec> {
  const frames = spec.frames.filter(isClusterName);
  const images = spec.images.filter(({ image }) => isClusterName(image));
  const here = {
    frames: spec.frames.filter((name) => !isClusterName(name)),
    images: spec.images.filter(({ image }) => !isClusterName(image)),
  };
  const local: { readonly path: string; readonly map?: string; readonly name: string; readonly character: string }[] =
    [];
  if (here.frames.length + here.images.length > 0) {
    const dataset = await findFrames(here);
    if (!isClusterName(spec.output))
      await refuseFrameOverwrites(
        dataset,
        { ...spec, output: resolve(spec.output) },
        localInputs({ ...spec, images: [] }),
      );
    for (const { name: character, frames: list } of dataset.characters) {
      for (const frame of list) local.push({ ...frame, character });
    }
  }
  if (local.length > MAX_UPLOADS) {
    throw badInput({
      what: `${local.length} images are too many to upload`,
      where: spec.frames.join(' '),
      expected: `at most ${MAX_UPLOADS}`,
      remedy: 'put them into storage that the coordinator sees, and name it root:NAME/PATH',
    });
  }
  if (local.length > 0) onNote(`uploading ${local.length} images`);
  const found = local.map(({ path, ...rest }) => ({ image: path, ...rest }));
  return sendInputs({ ...spec, frames, images: [...images, ...found] }, send);
}

/** Fetches every file of a finished job into a folder. */
export async function fetchFolder(
  client: JobsClient,
  id: string,
  { folder, onNote }: { readonly folder: string; readonly onNote: (note: string) => void },
): Promise<void> {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) {
    throw badInput({ what: 'the output is a file', where: folder, expected: 'a folder or nothing' });
  }
  onNote(`fetching ${folder}`);
  await eachOf(client.results(id), async ({ name = '' }) => {
    const path = join(folder, ...(name ?? '').split('/'));
    makeFolder(dirname(path));
    await client.download(id, path, { name: name ?? '' });
  });
}

/** An error that names uploads, in the names of the files that were sent. */
export function inLocalNames(error: unknown, names: ReadonlyMap<string, string>): unknown {
  if (!(error instanceof HalotileError)) return error;
  const fields = Object.entries(error.detail).map(([field, text]: [string, string]) => [
    field,
    text.replaceAll(/upload:[A-Za-z0-9_-]+/g, (name) => names.get(name) ?? name),
  ]);
  return new HalotileError(error.tag, { ...error.detail, ...Object.fromEntries(fields) }, { cause: error });
}
