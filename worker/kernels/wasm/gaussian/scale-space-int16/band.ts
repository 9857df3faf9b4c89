import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { blurredRows, type NextRows } from './blurred-rows.js';
import type { CascadeModules } from './cascade.js';
import { INTERVALS, isApart, levelPairs, SCALE_LEVELS } from './levels.js';
import { hull, type PlacedBlock } from './places.js';
import { pointOf, reserveValues, type SamplePlane } from './planes.js';

/** The levels that no other follows from, over those blocks of a band that need them; by index, of the full grid. */
export function bandLevels(
  modules: CascadeModules,
  source: SamplePlane,
  band: readonly PlacedBlock[],
): ReadonlyMap<number, SamplePlane> {
  const rects = new Map<number, Rect>();
  for (const { rect, intervals } of band) {
    for (const index of intervals) {
      const { octave, lower, upper } = INTERVALS[index]!;
      for (const level of [lower, upper]) {
        if (isApart(octave, level)) rects.set(level, hull(rects.get(level) ?? rect, rect));
      }
    }
  }
  const planes = new Map<number, SamplePlane>();
  for (const [level, rect] of rects) {
    const plane = reserveValues(modules.arena, rect, source.channels);
    const mark = modules.arena.mark();
    const write = rowsOf(modules, source, rect, level);
    const rowAt = (row: number) => (row < rect.height ? plane.address + row * plane.strideBytes : undefined);
    for (let row = 0; row < rect.height; ) row += write(rowAt(row)!, rowAt(row + 1));
    modules.arena.release(mark);
    planes.set(level, plane);
  }
  return planes;
}

function rowsOf(modules: CascadeModules, source: SamplePlane, rect: Rect, index: number): NextRows {
  const level = SCALE_LEVELS[0]![index]!;
  if (level.variance > 0) return blurredRows(modules, source, rect, levelPairs(level, 0));
  let { y } = rect;
  const count = rect.width * source.channels;
  const memory = new Uint8Array(modules.arena.memory.buffer);
  return (into) => {
    const from = pointOf(source, { x: rect.x, y: y++ });
    if (source.sampleBytes === 1) modules.values.widenRow(from, into, count);
    else memory.copyWithin(into, from, from + 2 * count);
    return 1;
  };
}
