import { contains } from '../../../../tiling/geometry/rect.js';
import type { Footprint } from '../../../../tiling/operations/footprint/footprint.js';
import { memberOffsets } from '../../../../tiling/operations/footprint/runs.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf, sampleIndex } from './pixels.js';

/**
 * The samples of one channel under a footprint placed at (x, y), row by row: those that the input holds and
 * that are valid. The result is the caller's until the next call.
 */
export function windowSamples(
  input: TileRaster,
  context: KernelContext,
  footprint: Footprint,
): (x: number, y: number, channel: number) => Float64Array {
  const isInvalid = invalidSamplesOf(input, context);
  const offsets = memberOffsets(footprint);
  const buffer = new Float64Array(offsets.length);
  return (x, y, channel) => {
    let count = 0;
    for (const { dx, dy } of offsets) {
      if (!contains(input.rect, { x: x + dx, y: y + dy, width: 1, height: 1 })) continue;
      const pixel = sampleIndex(input, x + dx, y + dy);
      if (!isInvalid(pixel, channel)) buffer[count++] = input.samples[pixel + channel]!;
    }
    return buffer.subarray(0, count);
  };
}
