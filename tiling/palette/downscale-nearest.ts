import type { Size } from '../geometry/rect.js';

/**
 * Source index for each of `output` places along an axis of `input` samples: ⌊(i + ½)·input/output⌋, the
 * sample that the centre of the output pixel falls into. Where that centre lies exactly between two samples,
 * float64 decides as in SciPy: ⌊((i + ½)·(input/output) − ½) + ½⌋, so that the result equals order 0 of its
 * `zoom(grid_mode=True)` and of scikit-image's `resize` for every pair of sizes.
 */
export function nearestIndices(input: number, output: number): Uint32Array {
  const step = input / output;
  return Uint32Array.from({ length: output }, (_, index) => Math.floor((index + 0.5) * step - 0.5 + 0.5));
}

/** Interleaved 8-bit RGBA of one size as another size by {@link nearestIndices}; enlarges as well. */
export function scaleNearestRgba(rgba: Uint8Array, from: Size, to: Size): Uint8Array {
  const columns = nearestIndices(from.width, to.width);
  const rows = nearestIndices(from.height, to.height);
  const scaled = new Uint8Array(to.width * to.height * 4);
  let at = 0;
  for (const row of rows) {
    const start = row * from.width;
    for (const column of columns) {
      const source = (start + column) * 4;
      scaled[at++] = rgba[source]!;
      scaled[at++] = rgba[source + 1]!;
      scaled[at++] = rgba[source + 2]!;
      scaled[at++] = rgba[source + 3]!;
    }
  }
  return scaled;
}
