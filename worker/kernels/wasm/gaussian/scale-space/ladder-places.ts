import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { INTERVALS, levelOf } from '../../../../../tiling/operations/sigma-ladder.js';
import type { TileMap } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import type { LadderModule } from './ladder-planes.js';

const DIRECT = 255;
const MARKS = 256;
/** Small enough for a smooth map to vary little inside, large beside a small sigma's window. */
const BLOCK = { width: 128, height: 64 };

/** Rows from the first to the last, both included. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/** Pixels of an output rect that are looked at together, and the intervals between rungs that occur among them. */
export interface Block {
  readonly rect: Rect;
  readonly intervals: ReadonlySet<number>;
}

/** Where each pixel of an output rect stands on the ladder. */
export interface Places {
  /** Bytes: the interval between two rungs, 255 below sigma 1; row-major. */
  readonly intervals: number;
  /** Float32: the share of the interval's upper rung. */
  readonly shares: number;
  /** Whether a sigma is below 1. */
  readonly direct: boolean;
  /** The output in blocks; in image coordinates. */
  readonly blocks: readonly Block[];
  /** In which rows of the output each interval that occurs does so, to within a block. */
  readonly ranges: ReadonlyMap<number, RowRange>;
}

/** Reads the places off a tile's map. */
export function placesOf(arena: WasmArena, module: LadderModule, map: TileMap): Places {
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

/** The rungs on one level that intervals take shares of. */
export function rungsOf(intervals: Iterable<number>, level: number): Set<number> {
  const rungs = new Set<number>();
  for (const interval of intervals) if (levelOf(interval) === level) rungs.add(interval).add(interval + 1);
  return rungs;
}

/** The same, each with the rows of pixels that need it. */
export function rungRows({ ranges }: Places, level: number): Map<number, RowRange> {
  const rungs = new Map<number, RowRange>();
  for (const [interval, { first, last }] of ranges) {
    if (levelOf(interval) !== level) continue;
    for (const rung of [interval, interval + 1]) {
      const known = rungs.get(rung) ?? { first, last };
      rungs.set(rung, { first: Math.min(known.first, first), last: Math.max(known.last, last) });
    }
  }
  return rungs;
}
