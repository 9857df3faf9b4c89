import type { Samples } from '../../../../tiling/raster/dtype.js';
import type { Kernel, TileRaster } from '../../kernel.js';

/** Samples beyond this could overflow in a float32 sum of a window. */
const LARGE = 2 ** 96;
/** A power of two, so that scaling changes no digit. */
const SCALE = 2 ** -64;

/**
 * A kernel that is linear in its samples, for float32 tiles of any range. Where a finite sample is so large that sums in
 * float32 could overflow, the kernel works twice: on the samples as they are, which is right for all windows whose sums
 * stay finite, and for the others on samples that are scaled down, whose results are scaled up again. Samples too small
 * for that scale are nothing beside the large one of such a window.
 */
export function forLargeSamples(kernel: Kernel): Kernel {
  return (input, output, operation, context) => {
    kernel(input, output, operation, context);
    if (!hasLarge(input)) return;
    // Large weights may overflow to results that are finite and wrong.
    const weighted = context.alpha === 'unassociated';
    if (!weighted && allFinite(output)) return;
    const [samples, results] = [input.samples.slice(), output.samples.slice()];
    multiply(input, SCALE);
    const nodata = context.nodata?.map((value) => (value === null ? null : Math.fround(value) * SCALE));
    kernel(input, output, { ...operation, constantValue: operation.constantValue * SCALE }, { ...context, nodata });
    input.samples.set(samples);
    multiply(output, 1 / SCALE);
    if (!weighted) replaceFinite(output, results);
  };
}

function allFinite({ rect, channels, stride, samples }: TileRaster): boolean {
  for (let y = 0; y < rect.height; y++) {
    const end = y * stride + rect.width * channels;
    for (let i = y * stride; i < end; i++) if (!Number.isFinite(samples[i])) return false;
  }
  return true;
}

/** Puts the finite ones of other samples of the same layout in their place. */
function replaceFinite({ rect, channels, stride, samples }: TileRaster, others: Samples): void {
  for (let y = 0; y < rect.height; y++) {
    const end = y * stride + rect.width * channels;
    for (let i = y * stride; i < end; i++) if (Number.isFinite(others[i])) samples[i] = others[i]!;
  }
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
