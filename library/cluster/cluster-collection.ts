import { join, relative, resolve, sep } from 'node:path';
import { findCollection } from '../../coordinator/index.js';
import { badInput, badUsage } from '../../tiling/errors.js';
import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import { fixedFolder, isTemplate } from '../../tiling/job/name-template.js';
import { checkFetched } from '../../tiling/job/output-format.js';
import { sendInputs } from './cluster-files.js';
import { isClusterName, staysThere } from './cluster-names.js';
import {
  type ClusterFolderResult,
  type ClusterRunOptions,
  downloadName,
  type ImageCounts,
  imageCountsOf,
  runForFolder,
} from './submitted-run.js';

/** Images that one request may name one by one; more belong into storage that the cluster sees. */
const MAX_UPLOADS = 10_000;

/** What a job over many images on a cluster hands back. */
export interface ClusterCollectionResult extends ClusterFolderResult {
  readonly images: ImageCounts;
}

/**
 * Runs a job over many images on a cluster: local images, maps and other files are uploaded, `root:` names are left as
 * they are, and where the output is local the result's files are fetched into it, each whole or not at all.
 * @throws HalotileError as the job failed, local files by their own names
 */
export async function runCollectionOnCluster(
  spec: CollectionSpec,
  options: ClusterRunOptions,
): Promise<ClusterCollectionResult> {
  const { onNote = () => {} } = options;
  const { output } = spec;
  const local = !staysThere(output);
  const folder = fixedOf(output);
  if (local) checkFetched(output);
  const { result, ...run } = await runForFolder(
    async (send) => sendInputs(await withNamedImages(spec, folder, onNote), send, options.onWarning),
    { output, folder, local },
    options,
  );
  return { ...run, images: imageCountsOf(result) };
}

/** The folder of an output. */
function fixedOf(output: string): string {
  return isTemplate(output) ? fixedFolder(output) : output;
}

/**
 * The job with each local image by its own name, with its map and output, since an upload has no name of its own; an
 * output on this machine becomes one below a folder that waits at the coordinator.
 */
async function withNamedImages(
  spec: CollectionSpec,
  root: string,
  onNote: (note: string) => void,
): Promise<CollectionSpec> {
  const isRemote = (each: CollectionSpec['images'][number]) =>
    isClusterName(typeof each === 'string' ? each : each.image);
  const here = spec.images.filter((each) => !isRemote(each));
  if (here.length > 0 && spec.map !== undefined && isClusterName(spec.map)) {
    throw badUsage({ what: 'images here with maps there', file: spec.map, remedy: 'name both on one side' });
  }
  // An upload has no name that a template could name what is measured by.
  if (here.length > 0 && (spec.measure?.images.length ?? 0) > 0) {
    throw badUsage({
      what: 'labels here, of many images, with images that are measured under them',
      file: spec.measure!.images[0]!,
      remedy: 'put both into storage that the coordinator sees, and name them root:NAME/PATH',
    });
  }
  const download = staysThere(spec.output) ? root : downloadName(resolve(root));
  const placeOf = (output: string) => {
    if (staysThere(output)) return output;
    const below = relative(resolve(root), output).split(sep);
    if (below[0] === '..') {
      throw badUsage({ what: 'an output lies elsewhere', file: output, expected: `a file below ${root}` });
    }
    return `${download}/${below.join('/')}`;
  };
  const tail = isTemplate(spec.output) ? spec.output.slice(root === '.' ? 0 : root.length + 1) : '';
  const output = staysThere(spec.output) ? spec.output : tail === '' ? download : `${download}/${tail}`;
  const remote = spec.images
    .filter(isRemote)
    .map((each) =>
      typeof each === 'string' || each.output === undefined ? each : { ...each, output: placeOf(each.output) },
    );
  if (here.length === 0) return { ...spec, output, images: remote };
  const date = new Date().toISOString().slice(0, 10);
  const found = await findCollection(
    { ...spec, images: here, output: isClusterName(spec.output) ? root : spec.output },
    date,
  );
  if (found.images.length > MAX_UPLOADS) {
    throw badInput({
      what: `${found.images.length} images are too many to upload`,
      expected: `at most ${MAX_UPLOADS}`,
      remedy: 'put them into storage that the coordinator sees, and name it root:NAME/PATH',
    });
  }
  onNote(`uploading ${found.images.length} images`);
  const named = found.images.map(({ image, page, map, output: file }) => ({
    image,
    ...(page !== undefined && { page }),
    ...(map !== undefined && { map }),
    output: placeOf(isClusterName(spec.output) ? join(resolve(root), relative(found.root, file)) : file),
  }));
  const { map: _, ...rest } = spec;
  const keepsMap = remote.length > 0 && spec.map !== undefined;
  return { ...rest, ...(keepsMap && { map: spec.map }), output, images: [...remote, ...named] };
}
