import { toSample } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import { sampleIndex } from '../../reference/samples/pixels.js';

/** Sums of weights over the windows of one output row: `lanes` a pixel, one for each channel or of one channel alone. */
export interface RowWeights {
  readonly weights: Float32Array;
  readonly lanes: number;
  /** Sums up to this are none. */
  readonly least: number;
  /** The only channel that they are of; all where absent. */
  readonly channel?: number;
}

/** Puts the input's own samples back into row `y` of the output where nothing in their window weighs. */
export function keepUnweighted(
  input: TileRaster,
  output: TileRaster,
  y: number,
  { weights, lanes, least, channel }: RowWeights,
): void {
  const { rect, channels, dtype, samples } = output;
  const first = channel ?? 0;
  const end = channel === undefined ? channels : channel + 1;
  let from = sampleIndex(input, rect.x, rect.y + y);
  let to = y * output.stride;
  for (let x = 0; x < rect.width; x++, from += channels, to += channels) {
    for (let c = first; c < end; c++) {
      const isNone = Math.abs(weights[x * lanes + c - first]!) <= least;
      if (isNone) samples[to + c] = toSample(dtype, input.samples[from + c]!);
    }
  }
}
