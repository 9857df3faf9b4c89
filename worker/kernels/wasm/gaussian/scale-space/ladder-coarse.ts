import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import { levelOf, rungWeights, splineWeights } from '../../../../../tiling/operations/sigma-ladder.js';
import { blurPlane } from './ladder-blur.js';
import { type Places, type RowRange, rungRows } from './ladder-places.js';
import { decimate, type LadderModules, type LanePlane, planeRow } from './ladder-planes.js';
import { type LadderSource, planeRows } from './ladder-sources.js';

const ENTRIES = 256;

/** A rung on a decimated grid, and the line that takes its rows as they are blended for one row of pixels. */
interface CoarseRung {
  readonly level: number;
  /** The rows of pixels that need it. */
  readonly rows: RowRange;
  readonly plane: LanePlane;
  readonly line: number;
}

/** Fills in the pixels of an output row whose intervals lie on decimated grids; all others stay as they are. */
export type CoarseRow = (y: number, into: number) => void;

/** Blurs a source at the rungs on decimated grids that a tile needs; undefined where it needs none. */
export function coarseRungs(
  modules: LadderModules,
  source: LadderSource,
  rect: Rect,
  places: Places,
): CoarseRow | undefined {
  const { arena, ladder } = modules;
  const levels = [...new Set([...places.ranges.keys()].map(levelOf))]
    .filter((level) => level > 0)
    .sort((a, b) => a - b);
  if (levels.length === 0) return undefined;
  const table = new Int32Array(arena.memory.buffer, arena.alloc(ENTRIES * 16), ENTRIES * 4).fill(0);
  const splines = splineTable(modules, levels.at(-1)!);
  const rungs: CoarseRung[] = [];
  let grid = source.halved();
  let reached = 1;
  for (const level of levels) {
    for (; reached < level; reached++) grid = decimate(arena, ladder, planeRows(grid));
    const byIndex = new Map<number, CoarseRung>();
    for (const [index, rows] of rungRows(places, level)) {
      const needed = gridRect({ ...rect, y: rect.y + rows.first, height: rows.last - rows.first + 1 }, level);
      const plane = blurPlane(modules, grid, needed, rungWeights(index, level));
      byIndex.set(index, { level, rows, plane, line: arena.alloc((needed.width + 4) * LANE_BYTES) });
    }
    for (const [index, { plane, line }] of byIndex) {
      const upper = byIndex.get(index + 1);
      // The second point of a line is the last at or left of the first pixel.
      const offset = rect.x - (plane.rect.x + 1) * 2 ** level;
      if (upper && levelOf(index) === level) table.set([line, upper.line, level, offset], index * 4);
    }
    rungs.push(...byIndex.values());
  }
  const blend = ({ level, rows, plane, line }: CoarseRung, row: number) => {
    if (row < rows.first || row > rows.last) return;
    const y = rect.y + row;
    const point = Math.floor(y / 2 ** level);
    const top = planeRow(plane, point - 1 - plane.rect.y);
    const next = plane.rect.width * LANE_BYTES;
    const weights = splines + (2 ** level - 2 + y - point * 2 ** level) * 16;
    ladder.blendRows(top, top + next, top + 2 * next, top + 3 * next, weights, line, plane.rect.width);
  };
  return (row, into) => {
    for (const rung of rungs) blend(rung, row);
    const at = row * rect.width;
    ladder.gatherCoarse(places.intervals + at, places.shares + at * 4, table.byteOffset, splines, into, rect.width);
  };
}

/** Address of the spline weights of all phases, level after level from 1 on: level l begins at entry 2^l − 2. */
function splineTable({ arena }: LadderModules, last: number): number {
  const length = (2 ** (last + 1) - 2) * 4;
  const splines = new Float32Array(arena.memory.buffer, arena.alloc(length * 4), length);
  for (let level = 1; level <= last; level++) {
    for (let phase = 0; phase < 2 ** level; phase++) {
      splines.set(splineWeights(phase, level), (2 ** level - 2 + phase) * 4);
    }
  }
  return splines.byteOffset;
}

/** The grid points whose splines reach a rect of pixels: one before it, two behind its last. */
function gridRect(rect: Rect, level: number): Rect {
  const step = 2 ** level;
  const x = Math.floor(rect.x / step) - 1;
  const y = Math.floor(rect.y / step) - 1;
  return {
    x,
    y,
    width: Math.floor((rect.x + rect.width - 1) / step) + 3 - x,
    height: Math.floor((rect.y + rect.height - 1) / step) + 3 - y,
  };
}
