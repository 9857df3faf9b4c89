import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import type { DType } from '../raster/dtype.js';
import type { KernelShape, Operation, OperationDescriptor } from './descriptor.js';
import { floatRowBytes } from './scratch.js';
import { fullRange } from './tone.js';

const odd = (most: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(most)
    .refine((side) => side % 2 === 1, { error: 'must be odd' });

const params = z.strictObject({
  patch: odd(31).default(7),
  window: odd(101).default(21),
  h: z.coerce.number().positive().optional(),
  sigma: z.coerce.number().min(0).default(0),
});

/** What h is of the type's range where nothing is said. */
const DEFAULT_H = 0.1;

/** The parameters of an `nlm`, completed for inputs of type `dtype`. */
export interface NlmParams {
  /** How far patches reach from their centre, and windows from theirs. */
  readonly patchReach: number;
  readonly windowReach: number;
  /** In sample units. */
  readonly h: number;
  readonly sigma: number;
}

/** The checked parameters of an `nlm` with the defaults that depend on the input's type. */
export function nlmParams({ params: given }: Operation, dtype: DType): NlmParams {
  const { patch, window, h, sigma } = given as z.output<typeof params>;
  const [patchReach, windowReach] = [(patch - 1) / 2, (window - 1) / 2];
  return { patchReach, windowReach, h: h ?? DEFAULT_H * fullRange(dtype), sigma };
}

/** Samples and their weights with the whole halo, results and theirs, and the rows of one offset. */
function scratchBytes(operation: Operation, { input, outputWidth, dtype, channels }: KernelShape): number {
  const { patchReach, windowReach } = nlmParams(operation, dtype);
  const reach = patchReach + windowReach;
  const row = floatRowBytes(outputWidth + 2 * reach);
  const rows = 2 * channels * (input.height + 2 * reach) * row;
  const results = 2 * channels * input.height * floatRowBytes(outputWidth);
  return rows + results + (4 * patchReach + 10) * row + 16 * (4 * channels + 8) + (4 * patchReach + 2) * 16;
}

/** Non-local means: the mean of the pixels around one, each weighted by how alike its patch is. */
export const nlm: OperationDescriptor = {
  name: 'nlm',
  summary: 'non-local means: the mean of pixels around whose patches are alike',
  coupling: 'window',
  params,
  mapMeaning: 'none',
  meaning: 'value',
  defaultBorder: () => 'mirror',
  numeric: () => 'bounded',
  reach: ({ params: given }) => {
    const { patch, window } = given as z.output<typeof params>;
    return evenReach((patch - 1) / 2 + (window - 1) / 2);
  },
  scratchBytes,
  pace: () => 'slow',
};
