import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';

/**
 * The rectangles that make up a footprint, as few as runs of equal extent in neighbouring rows give: one for a
 * rectangle, at most two a radius for a disk. Four offsets each from the window's pixel: left, top, and one beyond
 * right and bottom.
 */
export function footprintRects(footprint: Footprint): Int32Array<ArrayBuffer> {
  const rects: { left: number; top: number; right: number; bottom: number }[] = [];
  /** By its extent, the rectangle that ends in the row above. */
  const open = new Map<string, (typeof rects)[number]>();
  for (const { dx, dy, length } of footprint.runs) {
    const key = `${dx},${length}`;
    const above = open.get(key);
    if (above?.bottom === dy) {
      above.bottom++;
      continue;
    }
    const rect = { left: dx, top: dy, right: dx + length, bottom: dy + 1 };
    rects.push(rect);
    open.set(key, rect);
  }
  return Int32Array.from(rects.flatMap(({ left, top, right, bottom }) => [left, top, right, bottom]));
}
