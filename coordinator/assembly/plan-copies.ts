import type { CommittedTile } from '../../tiling/stitch/tile-ledger.js';
import type { BlockPlaces } from '../../tiling/tiff/tiff-layout.js';
import type { BlockCopies } from '../../tiling/work/copy.js';

/**
 * The copies that make an output, cut into `runs` of about the same number of bytes. Each run ascends in the
 * target.
 *
 * @param resolve turns a part's name in the ledger into a path
 */
export function planCopies(
  places: readonly BlockPlaces[],
  tiles: readonly CommittedTile[],
  resolve: (part: string) => string,
  runs: number,
): BlockCopies[] {
  return cut(blockRows(places, tiles, resolve).all, runs);
}

/** All blocks as rows of one table, levels from the smallest on, each row-major; `firstOf` a level is its first row. */
export function blockRows(
  places: readonly BlockPlaces[],
  tiles: readonly CommittedTile[],
  resolve: (part: string) => string,
): { readonly all: BlockCopies; readonly firstOf: readonly number[] } {
  const partNames = [...new Set(tiles.map(({ part }) => part))];
  const partIndex = new Map(partNames.map((name, index) => [name, index]));
  const firstOf = places.map(() => 0);
  let count = 0;
  for (let level = places.length - 1; level >= 0; level--) {
    firstOf[level] = count;
    count += places[level]!.offsets.length;
  }
  const all = columns(partNames.map(resolve), count);
  for (const { part, blocks } of tiles) {
    for (const { level, index, offset, length, crc } of blocks) {
      const row = firstOf[level]! + index;
      all.partOf[row] = partIndex.get(part)!;
      all.from[row] = offset;
      all.to[row] = places[level]!.offsets[index]!;
      all.lengths[row] = length;
      all.crcs[row] = crc;
    }
  }
  return { all, firstOf };
}

/** Some rows of a table, in that order. */
export function pickRows(all: BlockCopies, rows: readonly number[]): BlockCopies {
  const picked = columns(all.parts, rows.length);
  for (const [place, row] of rows.entries()) {
    for (const column of ['partOf', 'from', 'to', 'lengths', 'crcs'] as const)
      picked[column][place] = all[column][row]!;
  }
  return picked;
}

function columns(parts: readonly string[], count: number): BlockCopies {
  return {
    parts,
    partOf: new Uint32Array(count),
    from: new Float64Array(count),
    to: new Float64Array(count),
    lengths: new Uint32Array(count),
    crcs: new Uint32Array(count),
  };
}

function cut(all: BlockCopies, runs: number): BlockCopies[] {
  const total = all.lengths.reduce((sum, length) => sum + length, 0);
  const slices: BlockCopies[] = [];
  let start = 0;
  let bytes = 0;
  for (let row = 0; row < all.lengths.length; row++) {
    bytes += all.lengths[row]!;
    const last = row === all.lengths.length - 1;
    if (!last && bytes < (total * (slices.length + 1)) / runs) continue;
    const end = row + 1;
    slices.push({
      parts: all.parts,
      partOf: all.partOf.slice(start, end),
      from: all.from.slice(start, end),
      to: all.to.slice(start, end),
      lengths: all.lengths.slice(start, end),
      crcs: all.crcs.slice(start, end),
    });
    start = end;
  }
  return slices;
}
