import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { blurredRows, type NextRows } from './byte-blur.js';
import type { ClimbModules } from './byte-climb.js';
import { hull, type PlacedBlock } from './byte-places.js';
import { pointOf, reserveValues, type SamplePlane } from './byte-planes.js';
import { INTERVALS, isApart, RUNGS, rungPairs } from './byte-rungs.js';

/** The rungs that no other follows from, over those blocks of a band that need them; by index, of the full grid. */
export function bandRungs(
  modules: ClimbModules,
  source: SamplePlane,
  band: readonly PlacedBlock[],
): ReadonlyMap<number, SamplePlane> {
  const rects = new Map<number, Rect>();
  for (const { rect, intervals } of band) {
    for (const index of intervals) {
      const { level, lower, upper } = INTERVALS[index]!;
      for (const rung of [lower, upper]) {
        if (isApart(level, rung)) rects.set(rung, hull(rects.get(rung) ?? rect, rect));
      }
    }
  }
  const planes = new Map<number, SamplePlane>();
  for (const [rung, rect] of rects) {
    const plane = reserveValues(modules.arena, rect, source.channels);
    const mark = modules.arena.mark();
    const write = rowsOf(modules, source, rect, rung);
    const rowAt = (row: number) => (row < rect.height ? plane.address + row * plane.strideBytes : undefined);
    for (let row = 0; row < rect.height; ) row += write(rowAt(row)!, rowAt(row + 1));
    modules.arena.release(mark);
    planes.set(rung, plane);
  }
  return planes;
}

function rowsOf(modules: ClimbModules, source: SamplePlane, rect: Rect, index: number): NextRows {
  const rung = RUNGS[0]![index]!;
  if (rung.variance > 0) return blurredRows(modules, source, rect, rungPairs(rung, 0));
  let { y } = rect;
  return (into) => {
    modules.bytes.widenRow(pointOf(source, { x: rect.x, y: y++ }), into, rect.width * source.channels);
    return 1;
  };
}
