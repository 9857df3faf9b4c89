import type { DType, Samples } from '../../tiling/raster/dtype.js';
import type { CornerKernels } from './corner-kernels.js';
import type { KernelTable, PartialTable } from './kernel.js';
import type { PixelKernels } from './pixel-kernels.js';

/** Memory that a backend's kernels work on: everything allocated lives until the next reset, one tile. */
export interface TileMemory {
  /** Forgets all allocations and makes room for `totalBytes`. */
  reset(totalBytes: number): void;
  /** A new allocation of `length` samples; what they hold is left over from earlier use. */
  allocSamples(dtype: DType, length: number): Samples;
  /** What was allocated since the mark was taken is free again. */
  mark(): number;
  release(mark: number): void;
}

/** One way to compute tiles: kernels and the memory that they work on. */
export interface Backend {
  readonly name: 'reference' | 'wasm';
  readonly memory: TileMemory;
  readonly kernels: KernelTable;
  readonly pixels: PixelKernels;
  readonly corners: CornerKernels;
  /** What one tile contributes to a reduction, by the operation that waits for it. */
  readonly partials: PartialTable;
}
