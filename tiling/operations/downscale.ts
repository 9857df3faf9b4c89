import { z } from 'zod';
import { evenReach, type Rect, type Size } from '../geometry/rect.js';
import { type DType, SAMPLE_BYTES } from '../raster/dtype.js';
import type { Operation, OperationDescriptor } from './descriptor.js';

const SIZE = /^([1-9]\d*)[x×]([1-9]\d*)$/;

const params = z
  .strictObject({
    size: z.string().regex(SIZE, { error: 'WIDTHxHEIGHT in pixels' }).describe('WIDTHxHEIGHT in pixels').optional(),
    factor: z.coerce.number().int().min(1).max(65536).optional(),
    method: z.enum(['area', 'nearest']).default('area'),
  })
  .refine(({ size, factor }) => (size === undefined) !== (factor === undefined), {
    error: 'give either size=WIDTHxHEIGHT or factor=N',
  });

/**
 * Size of the result: `size`, never larger than the input, or the input's divided by `factor`, rounded up.
 * At least 1×1.
 */
export function downscaledSize(operation: Operation, input: Size): Size {
  const { size, factor } = operation.params as { size?: string; factor?: number };
  const asked = size?.match(SIZE);
  const side = (input: number, given: string | undefined) =>
    given === undefined ? Math.ceil(input / (factor ?? 1)) : Math.max(1, Math.min(input, Number(given)));
  return { width: side(input.width, asked?.[1]), height: side(input.height, asked?.[2]) };
}

/** The input pixel that nearest takes for output pixel i: ⌊(i + ½)·in/out⌋, in integers. */
export function nearestIndex(i: number, input: number, output: number): number {
  return Math.floor(((2 * i + 1) * input) / (2 * output));
}

/** The input pixels [from, to) that output pixel i covers wholly or partly. */
export function coveredRange(i: number, input: number, output: number): { from: number; to: number } {
  return { from: Math.floor((i * input) / output), to: Math.ceil(((i + 1) * input) / output) };
}

/** The part of input pixel `at` under output pixel i, in units of 1/output pixel: a whole number. */
export function overlapOf(at: number, i: number, input: number, output: number): number {
  return Math.min((i + 1) * input, (at + 1) * output) - Math.max(i * input, at * output);
}

/** Bytes that say what one output column covers: its first pixel, their count, the weights of first and last. */
export const COLUMN_BYTES = 24;

/** The most pixels along a side of a block whose means `assembly/scaling/blocks.ts` takes. */
const MAX_BLOCK = 127;

/** Width and height of what an output pixel covers, where these are whole pixels of integers and no more than can be summed. */
export function wholeBlock(dtype: DType, from: Size, to: Size): Size | undefined {
  if (dtype !== 'uint8' && dtype !== 'uint16') return undefined;
  const width = from.width / to.width;
  const height = from.height / to.height;
  const fits = (side: number) => Number.isInteger(side) && side <= MAX_BLOCK;
  return fits(width) && fits(height) ? { width, height } : undefined;
}

/** Bytes of the sums of a row of blocks. */
export function blockRowBytes(width: number, channels: number, dtype: DType): number {
  return Math.ceil((width * channels * SAMPLE_BYTES[dtype]) / 16) * 32;
}

function inputRect(operation: Operation, output: Rect, input: Size): Rect {
  const { width, height } = downscaledSize(operation, input);
  const x = coveredRange(output.x, input.width, width).from;
  const y = coveredRange(output.y, input.height, height).from;
  return {
    x,
    y,
    width: coveredRange(output.x + output.width - 1, input.width, width).to - x,
    height: coveredRange(output.y + output.height - 1, input.height, height).to - y,
  };
}

/** A smaller image: the mean over each output pixel's area, or its nearest sample. */
export const downscale: OperationDescriptor = {
  name: 'downscale',
  meaning: 'value',
  summary: 'smaller image by area mean or nearest sample',
  coupling: 'point',
  params,
  mapMeaning: 'none',
  pace: () => 'quick',
  takesLabels: true,
  defaultBorder: () => 'clip',
  numeric: (input) => (input === 'float32' ? 'bounded' : 'exact'),
  reach: () => evenReach(0),
  outputSize: downscaledSize,
  // Sums of blocks; or the columns, and up to three float64 for each sample of an output row.
  scratchBytes: (_operation, { input, outputWidth, channels, dtype }) =>
    Math.max(blockRowBytes(input.width, channels, dtype), outputWidth * (COLUMN_BYTES + channels * 24) + 32),
  inputRect,
};
