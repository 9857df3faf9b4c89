import type { Kernel, KernelTable } from './kernel.js';
import type { PixelKernels } from './pixel-kernels.js';
import { REFERENCE_KERNELS, REFERENCE_PIXELS } from './reference/index.js';

/**
 * Fast kernels for tiles that hold masked pixels: those named in `knowing` read `TileRaster.valid` themselves, the
 * reference stands in for all others. Tiles without masked pixels have no `valid` and lose nothing.
 */
export function maskedByReference(fast: KernelTable, knowing: readonly string[]): KernelTable {
  const guarded = Object.entries(fast).map(([name, kernel]): [string, Kernel] => {
    const reference = REFERENCE_KERNELS[name]!;
    if (kernel === reference || knowing.includes(name)) return [name, kernel];
    return [name, (input, ...rest) => (input.valid === undefined ? kernel : reference)(input, ...rest)];
  });
  return Object.fromEntries(guarded);
}

/** The same for what averages pixels beside operations. */
export function pixelsMaskedByReference(fast: PixelKernels): PixelKernels {
  const { halve } = REFERENCE_PIXELS;
  return { ...fast, halve: (input, ...rest) => (input.valid === undefined ? fast.halve : halve)(input, ...rest) };
}
