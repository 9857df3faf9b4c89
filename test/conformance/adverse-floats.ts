import type { Size } from '../../tiling/geometry/rect.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { imageOf, noise } from './box-tiles.js';

/** Images whose samples lie so far apart that sums over a whole tile lose the small ones. Two channels each. */
export function adverseFloats(size: Size): Readonly<Record<string, TileRaster>> {
  const random = noise(11);
  const unit = () => random(2 ** 24) / 2 ** 24;
  const middle = { x: Math.floor(size.width / 2), y: Math.floor(size.height / 2) };
  const isMiddle = (x: number, y: number) => x === middle.x && y === middle.y;
  const image = (sample: (x: number, y: number, c: number) => number) =>
    imageOf(size, { dtype: 'float32', channels: 2 }, sample);
  return {
    'a fill value of 1e20': image((x, y) => (isMiddle(x, y) ? 1e20 : 100 + 100 * unit())),
    'void pixels of -9999 in reflectance': image((x, y) => (isMiddle(x, y) || x === 5 ? -9999 : 0.05 + 1e-4 * unit())),
    'a spot that fades to denormals': image((x, y) => Math.exp(-((x - middle.x) ** 2 + (y - middle.y) ** 2) / 8)),
    'blocks of tiny and huge samples': image((x, y) => (((x >> 3) + (y >> 3)) % 2 ? 1e30 * unit() : 1e-30 * unit())),
    'zeros and one number': image((x, y, c) => (isMiddle(x, y) ? 3e38 : c === 0 ? 0 : x % 7 === 0 ? 1e-40 : 0)),
    'a constant beside a constant': image((x) => (x < middle.x ? 0.1 : -7e12)),
    'mixed signs of all sizes': image((x, y) => (unit() - 0.5) * 10 ** ((((x >> 4) * 9 + (y >> 4) * 17) % 70) - 35)),
    'samples that are not finite beside tiny ones': image((x, y) => {
      if (isMiddle(x, y)) return Number.POSITIVE_INFINITY;
      if (x % 23 === 0 && y % 19 === 0) return Number.NaN;
      return y < middle.y ? 1e-20 * unit() : 1e15 * unit();
    }),
    'plain noise': image(() => unit() - 0.5),
  };
}
