import { badInput } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import { inputPaths, inputsOf, placeInputs } from '../../tiling/job/job-inputs.js';
import { isUrl } from '../../tiling/places/url.js';
import { startsLikeTiff } from '../../tiling/sources/open-raster.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { type Said, unreadSidecars } from '../../tiling/sources/unread-sidecars.js';
import { isZarrFolder } from '../../tiling/zarr/zarr-folder.js';
import { isClusterName } from './cluster-names.js';

/** Transfers at a time: most of what one small file costs is waiting. */
const TRANSFERS = 8;

/**
 * The spec with every local input replaced by the name that `send` gives for its path; each path is sent once.
 * @param onWarning told of what lies beside them and is left
 */
export async function sendInputs<S extends AnyJobSpec>(
  spec: S,
  send: (path: string) => Promise<string>,
  onWarning?: (what: string) => void,
): Promise<S> {
  if (onWarning !== undefined) for (const what of sidecarsLeft(spec)) onWarning(what);
  const names = new Map<string, string>();
  const local = localInputs(spec);
  const folder = local.find(isZarrFolder);
  if (folder !== undefined) {
    throw badInput({
      what: 'a Zarr folder is not uploaded',
      file: folder,
      expected: 'a file, or storage that the coordinator sees',
      remedy: 'name it root:NAME/PATH',
    });
  }
  await eachOf(local, async (path) => names.set(path, await send(path)));
  return placeInputs(spec, ({ path }) => names.get(path) ?? path);
}

/**
 * What lies beside the local images of a job and is neither read nor sent: the coordinator sees an upload alone.
 * @returns a sentence each
 */
function sidecarsLeft(spec: AnyJobSpec): string[] {
  if (isDatasetSpec(spec)) return [];
  const ofImage = { mask: spec.mask === 'ignore', nodata: spec.nodata !== undefined };
  const local = inputsOf(spec).filter(({ path }) => !isClusterName(path) && !isUrl(path));
  const sentences = local.flatMap(({ field, kind, path }) => {
    if (kind !== 'image' && kind !== 'map') return [];
    return sidecarsOf(path, /^(?:images\[\d+\]\.)?image$/.test(field) ? ofImage : { place: true });
  });
  return [...new Set(sentences)];
}

function sidecarsOf(path: string, said: Said): string[] {
  const found = unreadSidecars(path, { carried: [] }, said);
  if (found.length === 0) return [];
  try {
    if (!startsLikeTiff(path)) return found;
    const source = openTiffSource(path, { directory: 0 });
    source.close();
    return unreadSidecars(path, source.info, said);
  } catch {
    // Whoever reads the image says what is wrong with it.
    return [];
  }
}

/** The local ones of the paths that a job reads, each once. */
export function localInputs(spec: AnyJobSpec): string[] {
  return inputPaths(spec).filter((path) => !isClusterName(path) && !isUrl(path));
}

/** Runs a task for each item, a few at a time; the first failure ends it when those under way are over. */
export async function eachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  task: (item: T) => Promise<unknown>,
): Promise<void> {
  const iterator = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let failed = false;
  const lane = async () => {
    for (let item = await iterator.next(); item.done !== true && !failed; item = await iterator.next()) {
      try {
        await task(item.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: TRANSFERS }, lane));
  for (const result of lanes) if (result.status === 'rejected') throw result.reason;
}
