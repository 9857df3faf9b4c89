import type { LaneLayout } from '../../../tiling/operations/corners.js';
import { putDigits } from '../../../tiling/operations/digits.js';
import type { RasterInfo } from '../../../tiling/raster/raster-info.js';
import type { TileRaster } from '../kernel.js';
import { invalidSamplesOf } from '../reference/samples/pixels.js';

/** Fills the lanes of a raster's row. */
export type LaneRows = (row: number, into: Float64Array) => void;

/**
 * The lanes of a raster's rows, of each pixel as {@link LaneLayout} says: samples times their weights, the weights, how many
 * are not finite. The weight is 0 for an invalid sample; where alpha is unassociated it is the pixel's alpha for colour, 0
 * where that is invalid; otherwise, and where squares are summed, 1.
 */
export function laneRows(
  raster: TileRaster,
  { alpha: kind, nodata }: Pick<RasterInfo, 'alpha' | 'nodata'>,
  layout: LaneLayout,
): LaneRows {
  const { rect, channels, stride, samples } = raster;
  const { lanes, digits, weightDigits, weighted, countsBad, squares } = layout;
  const count = rect.width * channels;
  if (lanes === channels && digits === undefined) {
    return (row, into) => {
      const from = row * stride;
      for (let at = 0; at < count; at++) into[at] = samples[from + at]!;
    };
  }
  const alpha = channels - 1;
  const byAlpha = kind === 'unassociated' && channels > 1 && squares === undefined;
  const isInvalid = weighted ? invalidSamplesOf(raster, { nodata }) : () => false;
  const weightOf = (pixel: number, channel: number) => {
    if (isInvalid(pixel, channel)) return 0;
    if (!byAlpha || channel === alpha) return 1;
    return isInvalid(pixel, alpha) ? 0 : samples[pixel + alpha]!;
  };
  const perSample = digits?.at.length ?? 1;
  const perWeight = weighted ? (weightDigits?.at.length ?? 1) : 0;
  const put = (value: number, of: LaneLayout['digits'], into: Float64Array, at: number) => {
    if (of === undefined) into[at] = value;
    else putDigits(value, of, into, at);
  };
  return (row, into) => {
    for (let x = 0; x < rect.width; x++) {
      const pixel = row * stride + x * channels;
      const at = x * lanes;
      for (let channel = 0; channel < channels; channel++) {
        const given = weightOf(pixel, channel);
        const sample = samples[pixel + channel]!;
        // What counts nothing may be anything.
        const product = given === 0 ? 0 : given * sample;
        const bad = countsBad && !(Number.isFinite(given) && Number.isFinite(sample) && Number.isFinite(product));
        put(bad ? 0 : product, digits, into, at + channel * perSample);
        const weights = at + channels * perSample;
        if (weighted) put(bad ? 0 : given, weightDigits, into, weights + channel * perWeight);
        const counts = weights + channels * perWeight;
        if (countsBad) into[counts + channel] = Number(bad && given !== 0);
        if (squares === undefined) continue;
        const squareAt = counts + (countsBad ? channels : 0) + channel * squares.at.length;
        putDigits(bad ? 0 : product * product, squares, into, squareAt);
      }
    }
  };
}
