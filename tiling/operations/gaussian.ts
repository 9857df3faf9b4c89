import { z } from 'zod';
import { badUsage } from '../errors.js';
import { evenReach } from '../geometry/rect.js';
import type { Operation, OperationDescriptor } from './descriptor.js';
import { gaussianRadius, gaussianWeights } from './gaussian-weights.js';
import { gridScratchBytes, haloSigma, pyramidOf } from './pyramid.js';
import { scaleSpaceReach } from './scale-space.js';
import { directScratchBytes, scaleSpaceScratchBytes, separableScratchBytes } from './scratch.js';

/** The largest sigma in pixels. */
export const MAX_SIGMA = 1024;
/** By map the weights end at this many sigmas. */
export const MAP_TRUNCATE = 4;

const params = z
  .strictObject({
    sigma: z.coerce.number().min(0).max(MAX_SIGMA).optional(),
    truncate: z.coerce.number().min(0.5).max(16).default(MAP_TRUNCATE),
    ksize: z.coerce.number().int().min(1).max(4095).optional(),
    quality: z.enum(['fast', 'exact']).default('fast'),
  })
  .refine((given) => given.ksize === undefined || given.ksize % 2 === 1, { error: 'ksize must be odd' })
  .refine((given) => given.ksize === undefined || given.sigma !== undefined, { error: 'ksize needs sigma beside it' });

interface GaussianParams {
  readonly sigma?: number;
  readonly truncate: number;
  readonly ksize?: number;
  readonly quality: 'fast' | 'exact';
}

/** The checked parameters of a `gaussian`. */
export function gaussianParams(operation: Operation): GaussianParams {
  return operation.params as unknown as GaussianParams;
}

/** The weights of a `gaussian` with one sigma for the whole image: SciPy's window, or OpenCV's `ksize`. */
export function fixedWeights(operation: Operation): Float64Array {
  const { sigma, truncate, ksize } = gaussianParams(operation);
  if (sigma === undefined) throw badUsage({ what: 'gaussian has no sigma', remedy: 'give sigma=… or a map' });
  return gaussianWeights(sigma, ksize === undefined ? gaussianRadius(sigma, truncate) : (ksize - 1) / 2);
}

/** The widest radius of fixed weights that are summed in no more time than a job of a small image takes besides. */
const QUICK_RADIUS = 64;

/**
 * Gaussian mean. Fixed: SciPy's `gaussian_filter`. By map: sigma(x, y) is the map's value' and the weights end at
 * 4 sigma; `quality: fast` interpolates in a scale space.
 */
export const gaussian: OperationDescriptor = {
  name: 'gaussian',
  meaning: 'value',
  summary: 'Gaussian mean, its sigma fixed or given per pixel by the map',
  coupling: 'window',
  params,
  mapMeaning: 'sigma',
  defaultBorder: (byMap) => (byMap ? 'clip' : 'reflect'),
  numeric: () => 'bounded',
  reach: (operation, mapMax) => {
    const pyramid = pyramidOf(operation);
    if (!operation.byMap && pyramid === undefined) return evenReach(fixedWeights(operation).length - 1);
    // The direct sum is the definition of both qualities, and what the reference backend computes for both.
    const sigma = haloSigma(pyramid, widestSigma(operation, mapMax));
    const direct = gaussianRadius(sigma, MAP_TRUNCATE);
    return evenReach(usesScaleSpace(operation) ? Math.max(direct, scaleSpaceReach(sigma)) : direct);
  },
  scratchBytes: (operation, shape, mapMax) => {
    const pyramid = pyramidOf(operation);
    if (!operation.byMap && pyramid === undefined) {
      return separableScratchBytes(shape, fixedWeights(operation).length - 1);
    }
    if (usesScaleSpace(operation)) {
      const output = { width: shape.outputWidth, height: shape.input.height };
      const ofGrids = pyramid === undefined ? 0 : gridScratchBytes(pyramid, output);
      return scaleSpaceScratchBytes(shape) + ofGrids;
    }
    return directScratchBytes(shape, gaussianRadius(mapMax, MAP_TRUNCATE));
  },
  pace: (operation) => {
    if (operation.byMap) return gaussianParams(operation).quality === 'exact' ? 'slow' : 'quick';
    return fixedWeights(operation).length - 1 > QUICK_RADIUS ? 'slow' : 'quick';
  },
};

/** Whether a blur interpolates between sigmas: one by map may, and one of a sigma that no halo is wide enough for. */
export function usesScaleSpace(operation: Operation): boolean {
  const blursByMap = operation.byMap || pyramidOf(operation) !== undefined;
  return blursByMap && gaussianParams(operation).quality === 'fast';
}

/** Whether a blur of one sigma has the window that the scale space has. */
export function hasMapWindow(operation: Operation): boolean {
  const { ksize, truncate, quality } = gaussianParams(operation);
  return !operation.byMap && ksize === undefined && truncate === MAP_TRUNCATE && quality === 'fast';
}

/** The one sigma, or the largest of those by map. */
export function widestSigma(operation: Operation, mapMax: number): number {
  return operation.byMap ? mapMax : (gaussianParams(operation).sigma ?? 0);
}
