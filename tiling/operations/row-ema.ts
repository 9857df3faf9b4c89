import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import type { OperationDescriptor } from './descriptor.js';

/** Exponential moving average along each row: out[c] = α·in[c] + (1−α)·out[c−1], out[0] = in[0]. */
export const rowEma: OperationDescriptor = {
  name: 'row-ema',
  meaning: 'value',
  summary: 'exponential moving average from left to right along each row',
  coupling: 'row',
  params: z.strictObject({ alpha: z.coerce.number().gt(0).max(1) }),
  mapMeaning: 'none',
  pace: () => 'quick',
  // The carry of each row and channel.
  scratchBytes: (_operation, { input, channels }) => input.height * channels * 8 + 16,
  defaultBorder: () => 'clip',
  numeric: () => 'bounded',
  reach: () => evenReach(0),
};
