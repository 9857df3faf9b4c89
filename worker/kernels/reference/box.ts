import { intersect, type Rect, rectOf } from '../../../tiling/geometry/rect.js';
import type { DType } from '../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata } from './samples/nodata.js';
import { invalidSamplesOf, nodataOf, sampleIndex } from './samples/pixels.js';
import { roundedQuotient } from './samples/rounding.js';

/**
 * Mean over the square window [x−r, x+r]×[y−r, y+r], each channel on its own: Σ(w·s) / Σw over the window's
 * samples s. The weight w is 0 for a nodata sample and in a masked pixel; where alpha is unassociated, w is the pixel's alpha for
 * colour (0 where that is nodata) and a pixel whose window has Σw = 0 keeps its sample; otherwise w is 1.
 *
 * Border `clip` cuts the window at the image; all others find the input extended already. Integers are
 * rounded half up exactly; one that equals the channel's nodata value moves to its neighbour. float32 sums in
 * float64; a non-finite sample or weight in a window gives NaN. Nodata samples stay what they are.
 */
export const box: Kernel = (input, output, operation, context) => {
  const { rect, channels } = output;
  const mean = channelMeans(input, context);
  const isInvalid = invalidSamplesOf(input, context);
  const nodata = nodataOf(input, context);
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      const radius = context.map ? context.map.values[y * rect.width + x]! : (operation.params.radius as number);
      const side = 2 * radius + 1;
      const uncut = { x: rect.x + x - radius, y: rect.y + y - radius, width: side, height: side };
      const window = operation.border === 'clip' ? intersect(uncut, rectOf(context.image)) : uncut;
      const own = sampleIndex(input, rect.x + x, rect.y + y);
      for (let c = 0; c < channels; c++) {
        output.samples[y * output.stride + x * channels + c] = isInvalid(own, c)
          ? input.samples[own + c]!
          : avoidNodata(input.dtype, mean(window, c, input.samples[own + c]!), nodata[c]!);
      }
    }
  }
};

/** `own` is the sample at the window's centre. */
type ChannelMean = (window: Rect, channel: number, own: number) => number;

function channelMeans(input: TileRaster, context: KernelContext): ChannelMean {
  const { channels, samples, dtype } = input;
  const alpha = channels - 1;
  const isInvalid = invalidSamplesOf(input, context);

  function weight(pixel: number, channel: number): number {
    if (isInvalid(pixel, channel)) return 0;
    if (context.alpha !== 'unassociated' || channel === alpha) return 1;
    return isInvalid(pixel, alpha) ? 0 : samples[pixel + alpha]!;
  }

  return (window, channel, own) => {
    const sums = new SumOf(dtype, window);
    for (let y = window.y; y < window.y + window.height; y++) {
      for (let x = window.x; x < window.x + window.width; x++) {
        const pixel = sampleIndex(input, x, y);
        sums.add(weight(pixel, channel), samples[pixel + channel]!);
      }
      sums.endRow();
    }
    return sums.mean(own);
  };
}

/**
 * Σ(w·s) and Σw of one window. A row's sums are below 2^53 for every type; a whole window of 16-bit samples
 * weighted by 16-bit alpha can pass that, so integers gather their rows in bigints where they might.
 */
class SumOf {
  private rowWeighted = 0;
  private rowWeights = 0;
  private weighted = 0;
  private weights = 0;
  private bigWeighted = 0n;
  private bad = false;
  private readonly big: boolean;

  constructor(
    private readonly dtype: DType,
    window: Rect,
  ) {
    this.big = dtype === 'uint16' && window.width * window.height >= 2 ** 21;
  }

  add(weight: number, sample: number): void {
    if (weight === 0) return;
    if (this.dtype === 'float32' && !(Number.isFinite(weight) && Number.isFinite(sample))) this.bad = true;
    this.rowWeighted += weight * sample;
    this.rowWeights += weight;
  }

  endRow(): void {
    if (this.big) this.bigWeighted += BigInt(this.rowWeighted);
    else this.weighted += this.rowWeighted;
    this.weights += this.rowWeights;
    this.rowWeighted = 0;
    this.rowWeights = 0;
  }

  mean(own: number): number {
    if (this.bad) return Number.NaN;
    if (this.weights === 0) return own;
    if (this.dtype === 'float32') return this.weighted / this.weights;
    if (!this.big) return roundedQuotient(this.weighted, this.weights);
    const weights = BigInt(this.weights);
    return Number((2n * this.bigWeighted + weights) / (2n * weights));
  }
}
