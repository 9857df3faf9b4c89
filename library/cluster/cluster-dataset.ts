import { resolve } from 'node:path';
import { findFrames, refuseFrameOverwrites } from '../../coordinator/index.js';
import { badInput } from '../../tiling/errors.js';
import type { DatasetSpec } from '../../tiling/job/dataset-spec.js';
import { localInputs, sendInputs } from './cluster-files.js';
import { isClusterName, staysThere } from './cluster-names.js';
import {
  type ClusterFolderResult,
  type ClusterRunOptions,
  downloadName,
  type ImageCounts,
  imageCountsOf,
  runForFolder,
} from './submitted-run.js';

/** Images of one job that may be uploaded; more belong into storage that the cluster sees. */
const MAX_UPLOADS = 20_000;

/** What a dataset job on a cluster hands back. */
export interface ClusterDatasetResult extends ClusterFolderResult {
  readonly frames: ImageCounts;
  readonly characters: { readonly total: number; readonly done: number };
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
  const { onNote = () => {} } = options;
  const { output } = spec;
  const local = !staysThere(output);
  const there = local ? downloadName(resolve(output)) : output;
  const { result, ...run } = await runForFolder(
    async (send) => ({ ...(await sendDataset(spec, send, onNote)), output: there }),
    { output, folder: output, local },
    options,
  );
  const count = (name: string) => result.counts?.[name] ?? 0;
  const characters = { total: count('charactersTotal'), done: count('charactersDone') };
  return { ...run, frames: imageCountsOf(result), characters };
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
    if (!staysThere(spec.output))
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
