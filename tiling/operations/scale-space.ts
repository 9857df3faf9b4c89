import { gaussianRadius, gaussianWeights } from './gaussian-weights.js';

/**
 * The scale space in which a Gaussian by map is interpolated, linearly in sigma²: four levels to each
 * doubling of sigma² from 1 up, evenly spaced in it, so that the bits of sigma² as float32 name the level and the
 * share of the next. For no image of range 1 does interpolation alone err by more than 1/255.
 * Below {@link DIRECT_BELOW} the direct sum is small enough to be taken.
 */
export const DIRECT_BELOW = 1;
/** Intervals between levels; sigma ends at 65536. */
export const INTERVALS = 128;
/** Mantissa bits of sigma² that are a share, below the two that name the level. */
const SHARE_BITS = 21;
/** The upper bits of 1 as float32. */
const FIRST_BITS = 127 << 2;
/** From this interval on (sigma² = 8) levels live on coarser grids, */
const FIRST_COARSE = 12;
/** of half the density for each doubling of sigma. */
const INTERVALS_PER_OCTAVE = 8;
/** Where a level's own kernel ends, in sigmas; its window is wider by what decimation and upsampling add. */
const LEVEL_TRUNCATE = 3.5;
/** Variance of the filter before each decimation, (1 4 6 4 1)/16, in pixels of the finer grid. */
const DECIMATION_VARIANCE = 1;
const DECIMATION_RADIUS = 2;
/** Variance of upsampling by cubic B-splines, in pixels of the coarser grid. */
const UPSAMPLING_VARIANCE = 1 / 3;
const UPSAMPLING_RADIUS = 2;
/** What windows over spread levels of the full grid reach beyond a level's own kernel. */
const SPREADING_RADIUS = 2;

/**
 * The octave of the grids on which both levels of an interval are blurred: such a grid holds every 2^octave-th pixel
 * of the image in both directions, pixel 0 included.
 */
export function octaveOf(interval: number): number {
  return interval < FIRST_COARSE ? 0 : 1 + Math.floor((interval - FIRST_COARSE) / INTERVALS_PER_OCTAVE);
}

/** Weights of a level's blur on a grid, centre first, normalised over both sides. */
export function levelWeights(level: number, octave: number): Float64Array {
  const variance = 2 ** (level >> 2) * (1 + (level & 3) / 4);
  const own = Math.sqrt((variance - gridVariance(octave)) / 4 ** octave);
  const weights = gaussianWeights(own, gaussianRadius(own, LEVEL_TRUNCATE));
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return weights.map((weight) => weight / sum);
}

/** The interval that a sigma lies in; negative below 1. */
export function intervalOf(sigma: number): number {
  return (varianceBits(sigma) >>> SHARE_BITS) - FIRST_BITS;
}

/** How much of its interval's upper level a sigma takes. */
export function intervalShare(sigma: number): number {
  return (varianceBits(sigma) % 2 ** SHARE_BITS) / 2 ** SHARE_BITS;
}

function varianceBits(sigma: number): number {
  const single = Math.fround(sigma);
  return new Uint32Array(new Float32Array([single * single]).buffer)[0]!;
}

/** Pixels that the scale space reads around one whose sigma is given. */
export function scaleSpaceReach(sigma: number): number {
  if (sigma < DIRECT_BELOW) return gaussianRadius(sigma, 4);
  const bits = varianceBits(sigma);
  const interval = intervalOf(sigma);
  // A sigma on a level takes nothing from the level above.
  const onLevel = bits % 2 ** SHARE_BITS === 0;
  const octave = octaveOf(interval);
  const radius = levelWeights(onLevel ? interval : interval + 1, octave).length - 1;
  // Levels of 16 bits, each spread from others, read a little farther.
  if (octave === 0) return Math.max(radius, 4) + SPREADING_RADIUS;
  return (radius + UPSAMPLING_RADIUS) * 2 ** octave + DECIMATION_RADIUS * (2 ** octave - 1);
}

/** The four B-spline weights of a pixel `phase`/2^octave of the way between two grid points. */
export function splineWeights(phase: number, octave: number): readonly [number, number, number, number] {
  const t = phase / 2 ** octave;
  const u = 1 - t;
  return [(u * u * u) / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * u * u + 3 * u * u * u) / 6, (t * t * t) / 6];
}

/** What decimation to a grid and upsampling from it add to a blur's variance, in image pixels squared. */
function gridVariance(octave: number): number {
  if (octave === 0) return 0;
  const decimation = (DECIMATION_VARIANCE * (4 ** octave - 1)) / 3;
  return decimation + UPSAMPLING_VARIANCE * 4 ** octave;
}
