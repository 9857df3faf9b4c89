import type { Kernel, TileRaster } from '../../kernel.js';

/** Samples beyond this could overflow in a float32 sum of a window. */
const LARGE = 2 ** 96;
/** A power of two, so that scaling changes no digit. */
const SCALE = 2 ** -64;

/**
 * A kernel that is linear in its samples, for float32 tiles of any range: where a finite sample is so large that sums
 * in float32 could overflow, the kernel works on samples that are scaled down, and its results are scaled up again.
 * The input's samples come back as they were, but for those too small to count beside the large one.
 */
export function forLargeSamples(kernel: Kernel): Kernel {
  return (input, output, operation, context) => {
    if (!hasLarge(input)) {
      kernel(input, output, operation, context);
      return;
    }
    multiply(input, SCALE);
    const nodata = context.nodata?.map((value) => (value === null ? null : Math.fround(value) * SCALE));
    kernel(input, output, { ...operation, constantValue: operation.constantValue * SCALE }, { ...context, nodata });
    multiply(input, 1 / SCALE);
    multiply(output, 1 / SCALE);
  };
}

function hasLarge({ dtype, rect, channels, stride, samples }: TileRaster): boolean {
  if (dtype !== 'float32') return false;
  for (let y = 0; y < rect.height; y++) {
    const end = y * stride + rect.width * channels;
    for (let i = y * stride; i < end; i++) {
      const magnitude = Math.abs(samples[i]!);
      if (magnitude > LARGE && magnitude !== Number.POSITIVE_INFINITY) return true;
    }
  }
  return false;
}

function multiply({ rect, channels, stride, samples }: TileRaster, factor: number): void {
  for (let y = 0; y < rect.height; y++) {
    const end = y * stride + rect.width * channels;
    for (let i = y * stride; i < end; i++) samples[i] = samples[i]! * factor;
  }
}
