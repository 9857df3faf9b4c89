import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import { resolveOperations } from '../../tiling/plan/resolve-operations.js';
import { PackedRecords } from '../find/packed-records.js';
import { type CollectionFault, faultsError, type ImageFault, type SoundImage, toldFault } from './check-pairs.js';
import { checkedCollection, type LookTerms } from './checked-collection.js';
import type { CollectionImage } from './find-collection.js';

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
  { date, shard }: Omit<LookTerms, 'forRun' | 'forget'>,
): Promise<PlannedCollection> {
  resolveOperations(job.operations, { map: true });
  const nowSeconds = () => performance.now() / 1000;
  const checked = await checkedCollection(job, { date, shard }, { nowSeconds });
  const sound = [...new PackedRecords<SoundImage>(checked.sound)];
  const faults = [...new PackedRecords<ImageFault>(checked.faults)];
  if (faults.length > 0 && job.onError === 'stop') throw faultsError(faults, sound.length + faults.length);
  const images = sound.map(({ image, map, output, done }) => ({ image, map, output, done: done !== undefined }));
  return { output: checked.root, images, faults: faults.map((fault) => toldFault(fault, (path) => path)) };
}
