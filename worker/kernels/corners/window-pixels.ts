import type { WindowSums, Windows } from '../corner-kernels.js';

/** Pixels of a window; `pixel` is its place in the rect. */
export function pixelsOf({ radius }: Windows, pixel: number): number {
  return (2 * (typeof radius === 'number' ? radius : radius[pixel]!) + 1) ** 2;
}

/** Those inside the image, of the window at column x and row y of the rect. */
export function pixelsInside({ rect, radius, image }: Windows, x: number, y: number): number {
  const r = typeof radius === 'number' ? radius : radius[y * rect.width + x]!;
  const left = rect.x + x;
  const top = rect.y + y;
  const width = Math.min(image.width, left + r + 1) - Math.max(0, left - r);
  const height = Math.min(image.height, top + r + 1) - Math.max(0, top - r);
  return width * height;
}

/** Adds to sums of windows what a constant beyond the image counts. */
export function addBeyond({ windows, sums, layout: { lanes }, beyond }: WindowSums): void {
  if (beyond === undefined) return;
  const { rect } = windows;
  for (let y = 0, pixel = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++, pixel++) {
      const outside = pixelsOf(windows, pixel) - pixelsInside(windows, x, y);
      for (let lane = 0; lane < lanes; lane++) sums[pixel * lanes + lane]! += beyond[lane]! * outside;
    }
  }
}
