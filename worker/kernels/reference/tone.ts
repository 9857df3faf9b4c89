import { toneCurve } from '../../../tiling/operations/tone.js';
import type { Kernel } from '../kernel.js';
import { fillSamples } from './samples/pixels.js';

/** The operation's curve at every sample, in float64. Unassociated alpha is not colour: it stays as it is. */
export const tone: Kernel = (input, output, operation, context) => {
  const curve = toneCurve(operation, input.dtype);
  const alpha = context.alpha === 'none' ? -1 : input.channels - 1;
  fillSamples(input, output, context, (_x, _y, c, sample) => (c === alpha ? sample : curve(sample, c)));
};
