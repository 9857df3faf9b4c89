import { DIRECT_BELOW, INTERVALS } from '../../../../tiling/operations/scale-space.js';
import type { TileMap } from '../../kernel.js';
import type { ScaleInterval } from '../device/gpu-kernel.js';

/** The bits of sigma² as float32 from which on they name the interval, and those of 1. */
const SHARE_BITS = 21;
const FIRST_BITS = 127 << 2;

/** The interval that a sigma stands in, negative below 1. */
export function intervalOf(sigma: number): number {
  return (new Uint32Array(Float32Array.of(sigma * sigma).buffer)[0]! >>> SHARE_BITS) - FIRST_BITS;
}

/**
 * The intervals that the sigmas of a map stand in, ascending. A sigma beside a level counts in both intervals there:
 * a device may round its square to either side.
 */
export function scaleIntervals({ rect, values }: TileMap): ScaleInterval[] {
  const extents = Array.from({ length: INTERVALS + 1 }, () => ({ left: rect.width, right: -1, top: -1, bottom: -1 }));
  const square = new Float32Array(1);
  const bits = new Uint32Array(square.buffer);
  const meet = (interval: number, row: number, first: number, last: number) => {
    const extent = extents[interval]!;
    if (extent.top < 0) extent.top = row;
    extent.bottom = row;
    if (first < extent.left) extent.left = first;
    if (last > extent.right) extent.right = last;
  };
  for (let row = 0, at = 0; row < rect.height; row++) {
    let current = -1;
    let first = 0;
    for (let column = 0; column < rect.width; column++, at++) {
      const sigma = values[at]!;
      let interval = -1;
      if (sigma >= DIRECT_BELOW) {
        square[0] = sigma * sigma;
        interval = ((bits[0]! + 1) >>> SHARE_BITS) - FIRST_BITS;
        const below = ((bits[0]! - 1) >>> SHARE_BITS) - FIRST_BITS;
        if (below !== interval && below >= 0) meet(below, row, column, column);
      }
      if (interval === current) continue;
      if (current >= 0) meet(current, row, first, column - 1);
      current = interval;
      first = column;
    }
    if (current >= 0) meet(current, row, first, rect.width - 1);
  }
  return extents.flatMap(({ left, right, top, bottom }, interval) => {
    if (top < 0) return [];
    const part = { x: rect.x + left, y: rect.y + top, width: right - left + 1, height: bottom - top + 1 };
    return [{ interval, rect: part }];
  });
}
