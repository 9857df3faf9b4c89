import type { Size } from '../geometry/rect.js';

/**
 * Source index for each of `output` places along an axis of `input` samples: ⌊(i + ½)·input/output⌋, the
 * sample that the centre of the output pixel falls into. Where that centre lies exactly between two samples,
 * float64 decides as in SciPy: ⌊((i + ½)·(input/output) − ½) + ½⌋, so that the result equals order 0 of its
 * `zoom(grid_mode=True)` and of scikit-image's `resize` for every pair of sizes.
 */
export function nearestIndices(input: number, output: number): Uint32Array {
  const indices = new Uint32Array(output);
  for (let index = 0; index < output; index++) indices[index] = nearestPosition(index, input, output);
  return indices;
}

/** One of {@link nearestIndices}. */
export function nearestPosition(index: number, input: number, output: number): number {
  return Math.floor((index + 0.5) * (input / output) - 0.5 + 0.5);
}

/** Interleaved 8-bit RGBA of one size as another size by {@link nearestIndices}; enlarges as well. */
export function scaleNearestRgba(rgba: Uint8Array, from: Size, to: Size): Uint8Array {
  const columns = nearestIndices(from.width, to.width);
  const rows = nearestIndices(from.height, to.height);
  const pixels = asPixels(rgba);
  const scaled = new Uint32Array(to.width * to.height);
  let at = 0;
  for (const row of rows) {
    const start = row * from.width;
    for (let x = 0; x < columns.length; x++) scaled[at++] = pixels[start + columns[x]!]!;
  }
  return new Uint8Array(scaled.buffer);
}

/** One number a pixel, whatever the byte order: pixels are only moved. Copies where bytes lie unaligned. */
function asPixels(rgba: Uint8Array): Uint32Array {
  const aligned = rgba.byteOffset % 4 === 0 ? rgba : new Uint8Array(rgba);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
