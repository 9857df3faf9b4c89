import type { Footprint } from '../../tiling/operations/footprint/footprint.js';
import type { Border } from '../../tiling/operations/index.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { borderIndex } from '../../worker/kernels/reference/samples/border-index.js';

/** Pixels of a window as dx, dy, dx, dy, … from its pixel on. */
export type Offsets = Int32Array;

/** What a window's samples are, in float64, the mean before the squares: the definition. */
export interface Moments {
  /** The sum of weights, where there are some. */
  readonly count: number;
  /** NaN where a sample is not finite. */
  readonly mean: number;
  /** Σ(v − mean)². */
  readonly squares: number;
  readonly largest: number;
}

/** The square of side 2·radius + 1. */
export function squareOffsets(radius: number): Offsets {
  const side = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius);
  return Int32Array.from(side.flatMap((dy) => side.flatMap((dx) => [dx, dy])));
}

/** The members of a footprint. */
export function footprintOffsets({ runs }: Footprint): Offsets {
  return Int32Array.from(runs.flatMap(({ dx, dy, length }) => Array.from({ length }, (_, i) => [dx + i, dy]).flat()));
}

interface Extension {
  readonly border: Border;
  readonly constant: number;
  readonly nodata: readonly (number | null)[];
  /** Pixels that are kept beyond each side: as far as any window reaches. */
  readonly margin: number;
}

/** The moments of windows around a sample, its offsets weighted or not; undefined where it is nodata or masked. */
export type MomentsAt = (
  x: number,
  y: number,
  channel: number,
  offsets: Offsets,
  weights?: Float64Array,
) => Moments | undefined;

/** Lays an image out with its border, and answers for windows in it. */
export function windowMoments(image: TileRaster, { border, constant, nodata, margin }: Extension): MomentsAt {
  const { channels } = image;
  const width = image.rect.width + 2 * margin;
  const height = image.rect.height + 2 * margin;
  const samples = new Float64Array(width * height * channels);
  const takesPart = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const c = i % channels;
    const x = (Math.floor(i / channels) % width) - margin;
    const y = Math.floor(i / channels / width) - margin;
    const u = borderIndex(x, image.rect.width, border);
    const v = borderIndex(y, image.rect.height, border);
    if (u === undefined || v === undefined) continue;
    const isOutside = u < 0 || v < 0;
    const pixel = v * image.rect.width + u;
    samples[i] = isOutside ? Math.fround(constant) : image.samples[pixel * channels + c]!;
    const isNodata = typeof nodata[c] === 'number' && same(samples[i]!, Math.fround(nodata[c]));
    takesPart[i] = !isNodata && (isOutside || image.valid?.[pixel] !== 0) ? 1 : 0;
  }
  const steps = new Map<Offsets, Int32Array>();
  const stepsOf = (offsets: Offsets): Int32Array => {
    const known = steps.get(offsets);
    if (known !== undefined) return known;
    const found = Int32Array.from(
      { length: offsets.length >> 1 },
      (_, n) => (offsets[2 * n + 1]! * width + offsets[2 * n]!) * channels,
    );
    steps.set(offsets, found);
    return found;
  };
  return (x, y, channel, offsets, weights) => {
    const own = ((y + margin) * width + x + margin) * channels + channel;
    return takesPart[own] === 0 ? undefined : momentsOf(samples, takesPart, own, stepsOf(offsets), weights);
  };
}

/** Most of these tests' time is spent here. */
function momentsOf(
  samples: Float64Array,
  takesPart: Uint8Array,
  own: number,
  steps: Int32Array,
  weights?: Float64Array,
): Moments {
  let count = 0;
  let sum = 0;
  let largest = 0;
  for (let n = 0; n < steps.length; n++) {
    const i = own + steps[n]!;
    if (takesPart[i] === 0) continue;
    const weight = weights === undefined ? 1 : weights[n]!;
    const sample = samples[i]!;
    count += weight;
    sum += weight * sample;
    const size = Math.abs(sample);
    // Once it is NaN it stays so.
    if (!(size <= largest)) largest = Number.isNaN(largest) ? largest : size;
  }
  const mean = Number.isFinite(largest) ? sum / count : Number.NaN;
  let squares = 0;
  for (let n = 0; n < steps.length; n++) {
    const i = own + steps[n]!;
    if (takesPart[i] === 0) continue;
    const apart = samples[i]! - mean;
    squares += (weights === undefined ? 1 : weights[n]!) * apart * apart;
  }
  return { count, mean, squares, largest };
}

function same(a: number, b: number): boolean {
  return a === b || (Number.isNaN(a) && Number.isNaN(b));
}
