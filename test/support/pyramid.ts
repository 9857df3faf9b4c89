import { allocateSamples, INTEGER_MAX, toSample } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';

/** What averages leave out and weigh by. */
export interface PyramidRule {
  /** The last channel weighs the others. */
  readonly weighted?: boolean;
  /** For all channels. */
  readonly nodata?: number;
}

/** The next level as the definition says: means of what exists of 2 × 2 pixels, sizes rounded up. */
export function nextLevel(level: TileRaster, { weighted = false, nodata }: PyramidRule): TileRaster {
  const { channels, dtype } = level;
  const width = Math.ceil(level.rect.width / 2);
  const height = Math.ceil(level.rect.height / 2);
  const samples = allocateSamples(dtype, width * height * channels);
  const missing = (value: number) => nodata !== undefined && Object.is(value, Math.fround(nodata));
  for (let i = 0; i < samples.length; i++) {
    const c = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    const pixels = [0, 1, 2, 3]
      .map((k) => ({ x: 2 * x + (k & 1), y: 2 * y + (k >> 1) }))
      .filter((p) => p.x < level.rect.width && p.y < level.rect.height)
      .map((p) => (p.y * level.rect.width + p.x) * channels);
    const valid = pixels.filter((p) => !missing(level.samples[p + c]!));
    const alphaOf = (p: number) => level.samples[p + channels - 1]!;
    const weigh = weighted && c < channels - 1;
    const weights = valid.map((p) => (weigh ? (missing(alphaOf(p)) ? 0 : alphaOf(p)) : 1));
    const total = weights.reduce((a, b) => a + b, 0);
    const sum = valid.reduce((a, p, k) => a + (weights[k] === 0 ? 0 : weights[k]! * level.samples[p + c]!), 0);
    if (valid.length === 0) samples[i] = level.samples[pixels[0]! + c]!;
    else samples[i] = offNodata(dtype, total === 0 ? 0 : toSample(dtype, sum / total), nodata);
  }
  return { rect: { x: 0, y: 0, width, height }, dtype, channels, stride: width * channels, samples };
}

/** A computed integer is never the nodata value itself. */
function offNodata(dtype: TileRaster['dtype'], value: number, nodata: number | undefined): number {
  if (dtype === 'float32' || value !== nodata) return value;
  return value === INTEGER_MAX[dtype] ? value - 1 : value + 1;
}
