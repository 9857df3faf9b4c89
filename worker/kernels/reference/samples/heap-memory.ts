import { allocateSamples, type DType, type Samples } from '../../../../tiling/raster/dtype.js';
import type { TileMemory } from '../../backend.js';

/** Memory of the reference backend: every allocation is a new array, freed by the garbage collector. */
export class HeapMemory implements TileMemory {
  reset(): void {}

  allocSamples(dtype: DType, length: number): Samples {
    return allocateSamples(dtype, length);
  }

  mark(): number {
    return 0;
  }

  release(): void {}
}
