import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import type { DType } from '../raster/dtype.js';
import type { Operation, OperationDescriptor } from './descriptor.js';
import { calibrationScratchBytes } from './scratch.js';
import { fullRange, tableScratchBytes } from './tone.js';

const numberOrPath = z
  .union([z.number(), z.string().min(1)], { error: 'a number or the path of an image' })
  .describe('a number, or an image of the same size')
  .transform((given) => (typeof given === 'string' && Number.isFinite(Number(given)) ? Number(given) : given));

/** A calibration frame: one number for all pixels, or the path of an image. */
type Frame = number | string;

/** The checked parameters of a `flat-field`, its scale filled in for results of type `dtype`. */
export function flatFieldOf(operation: Operation, dtype: DType): { dark: Frame; flat: Frame; scale: number } {
  const { dark, flat, scale } = operation.params as { dark: Frame; flat: Frame; scale?: number };
  return { dark, flat, scale: scale ?? fullRange(dtype) };
}

/** scale·(f − dark)/(flat − dark), 0 where flat ≤ dark. */
export const flatField: OperationDescriptor = {
  name: 'flat-field',
  summary: 'illumination correction by a dark and a flat frame',
  coupling: 'point',
  pace: () => 'quick',
  params: z
    .strictObject({
      flat: numberOrPath,
      dark: numberOrPath.default(0).describe('as flat; default 0'),
      scale: z.coerce.number().optional(),
    })
    .refine(({ flat, dark }) => typeof flat === 'string' || typeof dark === 'string' || flat > dark, {
      error: 'flat is not above dark',
    }),
  mapMeaning: 'none',
  scratchBytes: (operation, shape) => Math.max(tableScratchBytes(operation, shape), calibrationScratchBytes(shape)),
  defaultBorder: () => 'clip',
  numeric: () => 'bounded',
  reach: () => evenReach(0),
  files: { dark: { kind: 'image', orNumber: true }, flat: { kind: 'image', orNumber: true } },
};
