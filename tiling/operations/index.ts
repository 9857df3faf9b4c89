import { byName } from '../by-name.js';
import { distance } from './band/distance.js';
import { fillHoles, label } from './band/label.js';
import { box } from './box.js';
import { custom } from './custom.js';
import type { Operation, OperationDescriptor, Pace } from './descriptor.js';
import { downscale } from './downscale.js';
import { flatField } from './flat-field.js';
import { gaussian } from './gaussian.js';
import { iteratedBox } from './iterated-box.js';
import { mean, std, variance } from './moments.js';
import { nlm } from './nlm.js';
import { palette } from './palette.js';
import { blackHat, close, morphGradient, open, topHat } from './rank/morphology.js';
import { max, median, min, percentile } from './rank/rank.js';
import { rowEma } from './row-ema.js';
import { threshold } from './threshold.js';
import { gamma, levels, lut } from './tone.js';

export { MAX_RADIUS } from './box.js';
export {
  BORDERS,
  type Border,
  type Coupling,
  type FileKind,
  type JobFacts,
  type Numeric,
  type Operation,
  type OperationDescriptor,
  type Reduction,
} from './descriptor.js';

/** Every operation that halotile has, by name. */
export const OPERATIONS: Readonly<Record<string, OperationDescriptor>> = byName({
  box,
  gaussian,
  'iterated-box': iteratedBox,
  max,
  min,
  median,
  percentile,
  open,
  close,
  'morph-gradient': morphGradient,
  'top-hat': topHat,
  'black-hat': blackHat,
  mean,
  std,
  variance,
  nlm,
  gamma,
  levels,
  lut,
  'flat-field': flatField,
  threshold,
  'row-ema': rowEma,
  downscale,
  distance,
  label,
  'fill-holes': fillHoles,
  palette,
  custom,
});

function paceOf(operation: Operation): Pace | undefined {
  return OPERATIONS[operation.name]?.pace?.(operation);
}

/** Whether an operation's result is worth storing where it is needed twice. */
export function isSlow(operation: Operation): boolean {
  return paceOf(operation) === 'slow';
}

/** Samples that quick operations take no more than some hundred milliseconds for, times their number. */
const QUICK_SAMPLES = 1 << 24;

/**
 * Whether a chain is done with so many samples before a thread would have started. What is not known to be quick takes as
 * long as it likes.
 */
export function isQuick(operations: readonly Operation[], samples: number): boolean {
  return operations.length * samples <= QUICK_SAMPLES && operations.every((each) => paceOf(each) === 'quick');
}
