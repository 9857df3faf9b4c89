import type { CollectionSpec } from '../../tiling/job/collection-spec.js';
import type { Shard } from '../../tiling/job/shard.js';
import { isUrl } from '../../tiling/places/url.js';
import { type CheckedPairs, checkPairs, type PairChecks } from './check-pairs.js';
import { EarlierOutputs } from './collection-ledger.js';
import { type FoundCollection, findCollection, homeOf } from './find-collection.js';
import { storedImages } from './stored-images.js';

/** How a collection is looked over. */
export interface LookTerms {
  /** Day of the run, YYYY-MM-DD. */
  readonly date: string;
  /** Only this share of the images; all where absent. */
  readonly shard?: Shard | undefined;
  /** A run follows, which has locked the output folder and goes on with its ledger. */
  readonly forRun?: boolean;
  /** What objects say that they were made as counts for nothing; a folder's ledger is gone by then. */
  readonly forget?: boolean;
}

/** A collection whose names were found and whose pairs were looked over; plain data of few arrays. */
export interface CheckedCollection extends CheckedPairs, Omit<FoundCollection, 'images'> {
  /** Folder of reports and state, on this machine. */
  readonly home: string;
  /** Bytes of the ledger of earlier runs that hold. */
  readonly ledgerBytes: number;
  readonly findSeconds: number;
}

/**
 * The images, maps and outputs of a collection, looked over before any work.
 * @param allow called with every input and output; refuses by throwing
 * @param nowSeconds on a monotonic clock
 * @throws HalotileError as {@link findCollection} and {@link checkPairs}
 */
export async function checkedCollection(
  job: CollectionSpec,
  { date, shard, forRun = false, forget = false }: LookTerms,
  { allow, nowSeconds }: Pick<PairChecks, 'allow'> & { readonly nowSeconds: () => number },
): Promise<CheckedCollection> {
  const startedAt = nowSeconds();
  const found = await findCollection(job, date);
  const findSeconds = nowSeconds() - startedAt;
  const { root, passedOver } = found;
  const home = homeOf(root, shard);
  const earlier = isUrl(root) ? storedImages(forget) : new EarlierOutputs(home);
  const pairs = await checkPairs(job, found, earlier, { home, allow, shard });
  if (forRun) earlier.tidy();
  return { ...pairs, root, home, passedOver, ledgerBytes: earlier.bytes, findSeconds };
}
