import type { KernelShape } from './descriptor.js';

/** Bytes of a scratch row of `count` float32 samples: whole groups of 16 samples and room to read beyond. */
export function floatRowBytes(count: number): number {
  return (Math.ceil(count / 16) * 16 + 32) * 4;
}

/** Bytes of the rows that a separable filter keeps: padded input rows, a ring of filtered ones, tables. */
export function separableScratchBytes(shape: KernelShape, radius: number): number {
  const padded = floatRowBytes((shape.outputWidth + 2 * radius) * shape.channels);
  const row = floatRowBytes(shape.outputWidth * shape.channels);
  const planes = shape.weighted || shape.nodata ? 2 : 1;
  const weights = floatRowBytes(radius + 1);
  const addresses = floatRowBytes(2 * radius + 1);
  return planes * (padded + row * (2 * radius + 2)) + 2 * row + weights + addresses;
}
