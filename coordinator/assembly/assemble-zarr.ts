import { closeSync, constants, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plan } from '../../tiling/plan/plan.js';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';
import type { CommittedTile } from '../../tiling/stitch/tile-ledger.js';
import { placesOf } from '../../tiling/tiff/tiff-layout.js';
import type { CopyData } from '../../tiling/work/copy.js';
import { arrayMetadata, groupMetadata } from '../../tiling/zarr/metadata.js';
import { type Shard, shardIndex, shardsOf } from '../../tiling/zarr/shards.js';
import { type AssemblyMeans, MAX_THREADS, OWN_FILE } from './assemble.js';
import { blockRows, pickRows } from './plan-copies.js';

/** Where an OME-Zarr image is made. */
export interface ZarrPlace {
  /** An empty folder. */
  readonly folder: string;
  readonly name: string;
  /** Turns a part's name in the ledger into a path. */
  readonly resolve: (part: string) => string;
}

/**
 * Puts an OME-Zarr image together from the blocks of all committed tiles: a chunk is a block as it was encoded, a shard
 * is chunks one behind the other and their index. The metadata of the group comes last.
 */
export async function assembleZarr(
  plan: Plan,
  { folder, name, resolve }: ZarrPlace,
  tiles: readonly CommittedTile[],
  { slots, copy }: Pick<AssemblyMeans, 'slots' | 'copy'>,
): Promise<void> {
  const blocks = tiles.flatMap((tile) => tile.blocks);
  const { all, firstOf } = blockRows(placesOf(plan, blocks), tiles, resolve);
  function* files(): Generator<CopyData> {
    for (const [index, level] of plan.levels.entries()) {
      const array = join(folder, String(index));
      mkdirSync(array);
      writeJson(join(array, 'zarr.json'), arrayMetadata(plan, level));
      for (const shard of shardsOf(level, plan.block)) {
        const rows = shard.blocks.flatMap((block) => (block < 0 ? [] : firstOf[index]! + block));
        const copies = pickRows(all, rows);
        const target = join(array, shard.name);
        copies.to.set(startShard(target, shard, copies.lengths));
        yield { target, copies };
      }
    }
  }
  const remaining = files();
  const lane = async () => {
    for (const data of remaining) await copy(data);
  };
  await Promise.all(Array.from({ length: Math.min(slots, MAX_THREADS) }, lane));
  writeJson(join(folder, 'zarr.json'), groupMetadata(plan, name));
}

/** Makes the file of a shard with its index alone; returns the places of its chunks. */
function startShard(path: string, { blocks }: Shard, lengths: Uint32Array): Float64Array {
  const offsets = new Float64Array(lengths.length);
  let end = 0;
  for (const [chunk, length] of lengths.entries()) {
    offsets[chunk] = end;
    end += length;
  }
  let held = 0;
  const places = blocks.map((block) => {
    if (block < 0) return undefined;
    const chunk = held++;
    return { offset: offsets[chunk]!, length: lengths[chunk]! };
  });
  mkdirSync(dirname(path), { recursive: true });
  const fd = openSync(path, OWN_FILE | constants.O_EXCL, 0o644);
  try {
    writeFully(fd, shardIndex(places), end);
  } finally {
    closeSync(fd);
  }
  return offsets;
}

function writeJson(path: string, value: object): void {
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`, { flag: 'wx' });
}
