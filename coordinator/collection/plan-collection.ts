import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { Shard } from '../../tiling/job/shard.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { type CollectionFault, checkPairs, faultsError } from './check-pairs.js';
import { EarlierOutputs } from './collection-ledger.js';
import { type CollectionImage, findCollection, shareOf } from './find-collection.js';

/** What a collection would do. */
export interface PlannedCollection {
  /** Folder that the outputs would lie below. */
  readonly output: string;
  /** `done` where an earlier run finished it and nothing has changed. */
  readonly images: readonly (Pick<CollectionImage, 'image' | 'map' | 'output'> & { readonly done: boolean })[];
  /** Images that would be reported as not processed. */
  readonly faults: readonly CollectionFault[];
}

/**
 * The images, maps and outputs of a collection, checked as a run checks them before any work; nothing is written.
 * @throws HalotileError as the run would
 */
export async function planCollection(
  job: CollectionSpec,
  { date, shard }: { readonly date: string; readonly shard?: Shard },
): Promise<PlannedCollection> {
  resolveOperations(job.operations, { map: true });
  const found = shareOf(await findCollection(job, date), shard);
  const { sound, faults } = await checkPairs(job, found, new EarlierOutputs(found.home), { shard });
  if (faults.length > 0 && job.onError === 'stop') throw faultsError(faults, sound.length + faults.length);
  const images = sound.map(({ image, map, output, done }) => ({ image, map, output, done: done !== undefined }));
  return { output: found.root, images, faults };
}
