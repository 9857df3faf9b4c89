import { gaussianRadius, gaussianWeights } from './gaussian-weights.js';

/**
 * The ladder of sigmas between which a Gaussian by map is interpolated, linearly in sigma²: four rungs to each
 * doubling of sigma² from 1 up, evenly spaced in it, so that the bits of sigma² as float32 name the rung and the
 * share of the next. For no image of range 1 does interpolation alone err by more than 1/255.
 * Below {@link DIRECT_BELOW} the direct sum is small enough to be taken.
 */
export const DIRECT_BELOW = 1;
/** Intervals between rungs; sigma ends at 1024. */
export const INTERVALS = 84;
/** Mantissa bits of sigma² that are a share, below the two that name the rung. */
const SHARE_BITS = 21;
/** The upper bits of 1 as float32. */
const FIRST_BITS = 127 << 2;
/** From this interval on (sigma² = 8) rungs live on coarser grids, */
const FIRST_COARSE = 12;
/** of half the density for each doubling of sigma. */
const INTERVALS_PER_LEVEL = 8;
/** Where a rung's own kernel ends, in sigmas; its window is wider by what decimation and upsampling add. */
const RUNG_TRUNCATE = 3.5;
/** Variance of the filter before each decimation, (1 4 6 4 1)/16, in pixels of the finer grid. */
const DECIMATION_VARIANCE = 1;
const DECIMATION_RADIUS = 2;
/** Variance of upsampling by cubic B-splines, in pixels of the coarser grid. */
const UPSAMPLING_VARIANCE = 1 / 3;
const UPSAMPLING_RADIUS = 2;

/**
 * The level of the grids on which both rungs of an interval are blurred: such a grid holds every 2^level-th pixel
 * of the image in both directions, pixel 0 included.
 */
export function levelOf(interval: number): number {
  return interval < FIRST_COARSE ? 0 : 1 + Math.floor((interval - FIRST_COARSE) / INTERVALS_PER_LEVEL);
}

/** Weights of a rung's blur on a grid, centre first, normalised over both sides. */
export function rungWeights(rung: number, level: number): Float64Array {
  const variance = 2 ** (rung >> 2) * (1 + (rung & 3) / 4);
  const own = Math.sqrt((variance - gridVariance(level)) / 4 ** level);
  const weights = gaussianWeights(own, gaussianRadius(own, RUNG_TRUNCATE));
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

/** Pixels that the ladder reads around one whose sigma is given. */
export function ladderReach(sigma: number): number {
  if (sigma < DIRECT_BELOW) return gaussianRadius(sigma, 4);
  const single = Math.fround(sigma);
  const bits = new Uint32Array(new Float32Array([single * single]).buffer)[0]!;
  const interval = (bits >>> SHARE_BITS) - FIRST_BITS;
  // A sigma on a rung takes nothing from the rung above.
  const onRung = bits % 2 ** SHARE_BITS === 0;
  const level = levelOf(interval);
  const radius = rungWeights(onRung ? interval : interval + 1, level).length - 1;
  if (level === 0) return Math.max(radius, 4);
  return (radius + UPSAMPLING_RADIUS) * 2 ** level + DECIMATION_RADIUS * (2 ** level - 1);
}

/** The four B-spline weights of a pixel `phase`/2^level of the way between two grid points. */
export function splineWeights(phase: number, level: number): readonly [number, number, number, number] {
  const t = phase / 2 ** level;
  const u = 1 - t;
  return [(u * u * u) / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * u * u + 3 * u * u * u) / 6, (t * t * t) / 6];
}

/** What decimation to a grid and upsampling from it add to a blur's variance, in image pixels squared. */
function gridVariance(level: number): number {
  if (level === 0) return 0;
  const decimation = (DECIMATION_VARIANCE * (4 ** level - 1)) / 3;
  return decimation + UPSAMPLING_VARIANCE * 4 ** level;
}
