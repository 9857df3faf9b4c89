import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { splineRect } from '../../../../../tiling/operations/pyramid.js';
import { levelWeights, octaveOf, splineWeights } from '../../../../../tiling/operations/scale-space.js';
import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import { blurPlane } from './blur-plane.js';
import { levelRows, type Places, type RowRange } from './places.js';
import { decimate, type LanePlane, planeRow, type ScaleSpaceModules } from './planes.js';
import { type BlurSource, planeRows } from './sources.js';

const ENTRIES = 256;

/** A level on a decimated grid, and the line that takes its rows as they are blended for one row of pixels. */
interface CoarseLevel {
  readonly octave: number;
  /** The rows of pixels that need it. */
  readonly rows: RowRange;
  readonly plane: LanePlane;
  readonly line: number;
}

/** Fills in the pixels of an output row whose intervals lie on decimated grids; all others stay as they are. */
export type CoarseRow = (y: number, into: number) => void;

/**
 * Blurs a source at the levels on decimated grids that a tile needs; undefined where it needs none.
 *
 * @param stored grids that need not be made of the tile, by octave
 */
export function coarseLevels(
  modules: ScaleSpaceModules,
  source: BlurSource,
  rect: Rect,
  places: Places,
  stored: ReadonlyMap<number, LanePlane> = new Map(),
): CoarseRow | undefined {
  const { arena, scaleSpace } = modules;
  const octaves = [...new Set([...places.ranges.keys()].map(octaveOf))]
    .filter((octave) => octave > 0)
    .sort((a, b) => a - b);
  if (octaves.length === 0) return undefined;
  const table = new Int32Array(arena.memory.buffer, arena.alloc(ENTRIES * 16), ENTRIES * 4).fill(0);
  const splines = splineTable(modules, octaves.at(-1)!);
  const levels: CoarseLevel[] = [];
  // A tile is too small to make what the whole image's grids should have.
  const coarsest = stored.size === 0 ? Number.POSITIVE_INFINITY : Math.max(...stored.keys());
  let made: LanePlane | undefined;
  let reached = 1;
  const gridOf = (octave: number) => {
    made ??= source.halved();
    for (; reached < octave; reached++) made = decimate(arena, scaleSpace, planeRows(made));
    return made;
  };
  for (const octave of octaves) {
    if (octave > coarsest) throw new RangeError(`a grid of octave ${octave} is not among the stored ones`);
    const grid = stored.get(octave) ?? gridOf(octave);
    const byIndex = new Map<number, CoarseLevel>();
    for (const [index, rows] of levelRows(places, octave)) {
      const needed = splineRect({ ...rect, y: rect.y + rows.first, height: rows.last - rows.first + 1 }, octave);
      const plane = blurPlane(modules, grid, needed, levelWeights(index, octave));
      byIndex.set(index, { octave, rows, plane, line: arena.alloc((needed.width + 4) * LANE_BYTES) });
    }
    for (const [index, { plane, line }] of byIndex) {
      const upper = byIndex.get(index + 1);
      // The second point of a line is the last at or left of the first pixel.
      const offset = rect.x - (plane.rect.x + 1) * 2 ** octave;
      if (upper && octaveOf(index) === octave) table.set([line, upper.line, octave, offset], index * 4);
    }
    levels.push(...byIndex.values());
  }
  const blend = ({ octave, rows, plane, line }: CoarseLevel, row: number) => {
    if (row < rows.first || row > rows.last) return;
    const y = rect.y + row;
    const point = Math.floor(y / 2 ** octave);
    const top = planeRow(plane, point - 1 - plane.rect.y);
    const next = plane.rect.width * LANE_BYTES;
    const weights = splines + (2 ** octave - 2 + y - point * 2 ** octave) * 16;
    scaleSpace.blendRows(top, top + next, top + 2 * next, top + 3 * next, weights, line, plane.rect.width);
  };
  return (row, into) => {
    for (const level of levels) blend(level, row);
    const at = row * rect.width;
    scaleSpace.gatherCoarse(places.intervals + at, places.shares + at * 4, table.byteOffset, splines, into, rect.width);
  };
}

/** Address of the spline weights of all phases, octave after octave from 1 on: octave l begins at entry 2^l − 2. */
function splineTable({ arena }: ScaleSpaceModules, last: number): number {
  const length = (2 ** (last + 1) - 2) * 4;
  const splines = new Float32Array(arena.memory.buffer, arena.alloc(length * 4), length);
  for (let octave = 1; octave <= last; octave++) {
    for (let phase = 0; phase < 2 ** octave; phase++) {
      splines.set(splineWeights(phase, octave), (2 ** octave - 2 + phase) * 4);
    }
  }
  return splines.byteOffset;
}
