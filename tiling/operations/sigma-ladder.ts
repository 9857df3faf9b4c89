import { gaussianRadius, gaussianWeights } from './gaussian-weights.js';

/**
 * The ladder of sigmas between which a Gaussian by map is interpolated: rung k has sigma 2^((k−2)/3), three
 * rungs an octave from 0.63 up. Below {@link DIRECT_BELOW} the direct sum is small enough to be taken.
 */
export const DIRECT_BELOW = 1;
const RUNGS_PER_OCTAVE = 3;
/** Rungs from this sigma on live on grids of half the density for each octave. */
const FULL_GRID_BELOW = 4;
/** Where a rung's own kernel ends, in sigmas; its window is wider by what decimation and upsampling add. */
const RUNG_TRUNCATE = 3.5;
/** Variance of the filter before each decimation, (1 4 6 4 1)/16, in pixels of the finer grid. */
const DECIMATION_VARIANCE = 1;
const DECIMATION_RADIUS = 2;
/** Variance of upsampling by cubic B-splines, in pixels of the coarser grid. */
const UPSAMPLING_VARIANCE = 1 / 3;
const UPSAMPLING_RADIUS = 2;

/** One sigma at which the whole tile is blurred. */
export interface Rung {
  readonly index: number;
  readonly sigma: number;
  /** Its grid holds every 2^level-th pixel of the image in both directions, pixel 0 included. */
  readonly level: number;
  /** Weights of the blur on that grid, centre first, normalised over both sides. */
  readonly weights: Float64Array;
}

/**
 * Where a sigma stands on the ladder, in rungs; cubic interpolation in log sigma takes rungs ⌊p⌋−2 to ⌊p⌋+1, only
 * one above, so that the halo stays near 4 sigma.
 */
export function ladderPosition(sigma: number): number {
  return 2 + RUNGS_PER_OCTAVE * Math.log2(sigma);
}

/** The rung at an index from 0. */
export function rungAt(index: number): Rung {
  const sigma = 2 ** ((index - 2) / RUNGS_PER_OCTAVE);
  const level = sigma < FULL_GRID_BELOW ? 0 : Math.floor(Math.log2(sigma / FULL_GRID_BELOW) + 1e-9) + 1;
  const own = Math.sqrt((sigma * sigma - gridVariance(level)) / 4 ** level);
  const weights = gaussianWeights(own, gaussianRadius(own, RUNG_TRUNCATE));
  const sum = weights.reduce((total, weight, i) => total + (i === 0 ? weight : 2 * weight), 0);
  return { index, sigma, level, weights: weights.map((weight) => weight / sum) };
}

/** Pixels that the ladder reads around one whose sigma is given. */
export function ladderReach(sigma: number): number {
  if (sigma < DIRECT_BELOW) return gaussianRadius(sigma, 4);
  // A sigma on a rung takes nothing from the rung above.
  const { level, weights } = rungAt(Math.ceil(ladderPosition(sigma) - 1e-6));
  if (level === 0) return Math.max(weights.length - 1, 4);
  const decimation = DECIMATION_RADIUS * (2 ** level - 1);
  return (weights.length - 1 + UPSAMPLING_RADIUS) * 2 ** level + decimation;
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
