import { SAMPLE_BYTES } from '../../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernel.js';
import type { HalveOptions, PixelKernels } from '../pixel-kernels.js';
import type { WasmArena } from './arena.js';
import { instantiate, type WasmFunction } from './instance.js';
import { NodataTable } from './nodata.js';

/** Halving in WebAssembly: SIMD for integers of 1 to 4 channels without nodata, scalar otherwise. */
export function wasmHalve(arena: WasmArena): PixelKernels['halve'] {
  const module = instantiate(arena, 'halve', [
    ...(['averageRow8', 'averageRow16', 'alphaRow8', 'nearestRow'] as const),
    ...(['weightedRow8', 'weightedRow16', 'weightedRow32'] as const),
  ]);
  const nodata = new NodataTable(arena);

  function rowFunction(input: TileRaster, options: HalveOptions): WasmFunction {
    const { dtype, channels } = input;
    if (options.mode === 'nearest') {
      const pixelBytes = channels * SAMPLE_BYTES[dtype];
      return (upper, _lower, into, width) => module.nearestRow(upper!, into!, width!, pixelBytes);
    }
    const alpha = options.alpha === 'unassociated' && channels > 1;
    const holes = nodata.fill(input, options.nodata);
    if (dtype === 'uint8' && channels <= 4 && alpha && !holes) return module.alphaRow8;
    if (dtype !== 'float32' && channels <= 4 && !alpha && !holes) {
      return dtype === 'uint8' ? module.averageRow8 : module.averageRow16;
    }
    const byType = { uint8: module.weightedRow8, uint16: module.weightedRow16, float32: module.weightedRow32 };
    const row = byType[dtype];
    return (upper, lower, into, width, inputWidth, _channels, rows) =>
      row(upper!, lower!, into!, width!, inputWidth!, channels, rows!, nodata.address, alpha ? 1 : 0);
  }

  return (input, output, options) => {
    const { rect, channels, dtype } = input;
    const sampleBytes = SAMPLE_BYTES[dtype];
    const run = rowFunction(input, options);
    const from = arena.addressOf(input.samples) + (2 * output.rect.x - rect.x) * channels * sampleBytes;
    const into = arena.addressOf(output.samples);
    const inputWidth = Math.min(2 * output.rect.width, rect.x + rect.width - 2 * output.rect.x);
    for (let y = 0; y < output.rect.height; y++) {
      const row = 2 * (output.rect.y + y) - rect.y;
      const rows = Math.min(2, rect.height - row);
      const upper = from + row * input.stride * sampleBytes;
      const lower = from + (row + rows - 1) * input.stride * sampleBytes;
      run(upper, lower, into + y * output.stride * sampleBytes, output.rect.width, inputWidth, channels, rows);
    }
  };
}
