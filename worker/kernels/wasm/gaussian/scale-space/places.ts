import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { INTERVALS, octaveOf } from '../../../../../tiling/operations/scale-space.js';
import type { TileMap } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import type { ScaleSpaceModule } from './planes.js';

const DIRECT = 255;
const MARKS = 256;
/** Small enough for a smooth map to vary little inside, large beside a small sigma's window. */
const BLOCK = { width: 128, height: 64 };

/** Rows from the first to the last, both included. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/** Pixels of an output rect that are looked at together, and the intervals between levels that occur among them. */
export interface Block {
  readonly rect: Rect;
  readonly intervals: ReadonlySet<number>;
}

/** Where each pixel of an output rect stands in the scale space. */
export interface Places {
  /** Bytes: the interval between two levels, 255 below sigma 1; row-major. */
  readonly intervals: number;
  /** Float32: the share of the interval's upper level. */
  readonly shares: number;
  /** Whether a sigma is below 1. */
  readonly direct: boolean;
  /** The output in blocks; in image coordinates. */
  readonly blocks: readonly Block[];
  /** In which rows of the output each interval that occurs does so, to within a block. */
  readonly ranges: ReadonlyMap<number, RowRange>;
}

/** Reads the places off a tile's map. */
export function placesOf(arena: WasmArena, module: ScaleSpaceModule, map: TileMap): Places {
  const { x, y, width, height } = map.rect;
  const intervals = arena.alloc(width * height);
  const shares = arena.alloc(width * height * 4);
  const marks = new Uint8Array(arena.memory.buffer, arena.alloc(MARKS), MARKS);
  const blocks: Block[] = [];
  const ranges = new Map<number, RowRange>();
  let direct = false;
  for (let top = 0; top < height; top += BLOCK.height) {
    const rows = Math.min(BLOCK.height, height - top);
    for (let left = 0; left < width; left += BLOCK.width) {
      const columns = Math.min(BLOCK.width, width - left);
      marks.fill(0);
      for (let row = top; row < top + rows; row++) {
        const at = row * width + left;
        module.placeRow(map.values.byteOffset + at * 4, intervals + at, shares + at * 4, marks.byteOffset, columns);
      }
      const met = new Set<number>();
      for (let i = 0; i < INTERVALS; i++) {
        if (marks[i] === 0) continue;
        met.add(i);
        ranges.set(i, { first: ranges.get(i)?.first ?? top, last: top + rows - 1 });
      }
      direct ||= marks[DIRECT] === 1;
      blocks.push({ rect: { x: x + left, y: y + top, width: columns, height: rows }, intervals: met });
    }
  }
  return { intervals, shares, direct, blocks, ranges };
}

/** The levels on one octave that intervals take shares of. */
export function levelsOf(intervals: Iterable<number>, octave: number): Set<number> {
  const levels = new Set<number>();
  for (const interval of intervals) if (octaveOf(interval) === octave) levels.add(interval).add(interval + 1);
  return levels;
}

/** The same, each with the rows of pixels that need it. */
export function levelRows({ ranges }: Places, octave: number): Map<number, RowRange> {
  const levels = new Map<number, RowRange>();
  for (const [interval, { first, last }] of ranges) {
    if (octaveOf(interval) !== octave) continue;
    for (const level of [interval, interval + 1]) {
      const known = levels.get(level) ?? { first, last };
      levels.set(level, { first: Math.min(known.first, first), last: Math.max(known.last, last) });
    }
  }
  return levels;
}
