import { deflateRuns } from '../../../tiling/codecs/deflate.js';
import type { KernelTable, PartialTable } from '../kernel.js';
import type { PixelKernels } from '../pixel-kernels.js';
import { componentsPartial, fillHoles, label } from './band/components.js';
import { distance, distancePartial } from './band/distance.js';
import { box } from './box.js';
import { convert } from './convert.js';
import { cutBlock } from './cut-block.js';
import { downscale } from './downscale.js';
import { flatField } from './flat-field.js';
import { gaussian } from './gaussian.js';
import { decimate } from './gaussian-grids.js';
import { halve } from './halve.js';
import { otsuPartial } from './histogram.js';
import { iteratedBox } from './iterated-box.js';
import { radiiOf } from './map-values.js';
import { mean, std, variance } from './moments.js';
import { morphology } from './morphology.js';
import { nlm } from './nlm.js';
import { palette } from './palette.js';
import { rank } from './rank.js';
import { rowEma } from './row-ema.js';
import { threshold } from './threshold.js';
import { tone } from './tone.js';

export { radiiOf, sigmasOf } from './map-values.js';
export { extendBorder } from './samples/extend-border.js';

/**
 * Every operation in plain TypeScript, but for the user's own module: the definition that faster backends are held to.
 */
export const REFERENCE_KERNELS: KernelTable = {
  box,
  gaussian,
  'iterated-box': iteratedBox,
  max: rank,
  min: rank,
  median: rank,
  percentile: rank,
  open: morphology,
  close: morphology,
  'morph-gradient': morphology,
  'top-hat': morphology,
  'black-hat': morphology,
  mean,
  std,
  variance,
  nlm,
  gamma: tone,
  levels: tone,
  lut: tone,
  'flat-field': flatField,
  threshold,
  'row-ema': rowEma,
  downscale,
  palette,
  distance,
  label,
  'fill-holes': fillHoles,
};

/** What pixels pass through beside operations, in plain TypeScript. */
export const REFERENCE_PIXELS: PixelKernels = {
  ...{ halve, radii: radiiOf, cutBlock, deflateRuns, convert, decimate },
  largestValue: () => undefined,
};

/** What one tile contributes to the reduction of an operation with coupling `global`, or a band tells the others. */
export const PARTIALS: PartialTable = {
  threshold: otsuPartial,
  distance: distancePartial,
  label: componentsPartial,
  'fill-holes': componentsPartial,
};
