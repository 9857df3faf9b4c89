import { badInput } from '../../tiling/errors.js';
import type { AnyJobSpec } from '../../tiling/job/collection-spec.js';
import { inputPaths, placeInputs } from '../../tiling/job/job-inputs.js';
import { isUrl } from '../../tiling/places/url.js';
import { isZarrFolder } from '../../tiling/zarr/zarr-folder.js';
import { isClusterName } from './cluster-names.js';

/** Transfers at a time: most of what one small file costs is waiting. */
const TRANSFERS = 8;

/** The spec with every local input replaced by the name that `send` gives for its path; each path is sent once. */
export async function sendInputs<S extends AnyJobSpec>(spec: S, send: (path: string) => Promise<string>): Promise<S> {
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
