import type { RasterInfo } from '../../../tiling/raster/raster-info.js';
import type { TileRaster } from '../kernel.js';
import { invalidSamplesOf } from '../reference/samples/pixels.js';

/**
 * Fills the lanes of a raster's row: for each pixel Σ-ready w·s of every channel, then, where there are twice as many
 * lanes as channels, the weights w themselves. The weight is 0 for an invalid sample; where alpha is unassociated it is
 * the pixel's alpha for colour, 0 where that is invalid; otherwise 1.
 */
export function laneRows(
  raster: TileRaster,
  { alpha: kind, nodata }: Pick<RasterInfo, 'alpha' | 'nodata'>,
  lanes: number,
): (row: number, into: Float64Array) => void {
  const { rect, channels, stride, samples } = raster;
  const count = rect.width * channels;
  if (lanes === channels) {
    return (row, into) => {
      const from = row * stride;
      for (let at = 0; at < count; at++) into[at] = samples[from + at]!;
    };
  }
  const alpha = channels - 1;
  const byAlpha = kind === 'unassociated' && channels > 1;
  const isInvalid = invalidSamplesOf(raster, { nodata });
  const weightOf = (pixel: number, channel: number) => {
    if (isInvalid(pixel, channel)) return 0;
    if (!byAlpha || channel === alpha) return 1;
    return isInvalid(pixel, alpha) ? 0 : samples[pixel + alpha]!;
  };
  return (row, into) => {
    for (let x = 0; x < rect.width; x++) {
      const pixel = row * stride + x * channels;
      for (let channel = 0; channel < channels; channel++) {
        const weight = weightOf(pixel, channel);
        into[x * lanes + channel] = weight === 0 ? 0 : weight * samples[pixel + channel]!;
        into[x * lanes + channels + channel] = weight;
      }
    }
  };
}
