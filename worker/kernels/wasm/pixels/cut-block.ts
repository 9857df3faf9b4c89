import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { PixelKernels } from '../../pixel-kernels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

/** Blocks in WebAssembly: cut, filled up and predicted in one pass over their rows. */
export function wasmCutBlock(arena: WasmArena): PixelKernels['cutBlock'] {
  const module = instantiate(arena, 'pixels/cut-block', [
    ...(['plainRow', 'floatDifferences'] as const),
    ...(['differences8', 'differences16', 'differences32'] as const),
  ]);
  const byType = {
    ...{ uint8: module.differences8, uint16: module.differences16 },
    ...{ uint32: module.differences32, float32: module.differences32 },
  };

  return (raster, { rect, block, predictor }, into) => {
    const { channels, dtype } = raster;
    const sampleBytes = SAMPLE_BYTES[dtype];
    const rowBytes = block.width * channels * sampleBytes;
    const count = rect.width * channels;
    const full = block.width * channels;
    const to = arena.addressOf(into);
    const first = (rect.y - raster.rect.y) * raster.stride + (rect.x - raster.rect.x) * channels;
    const from = arena.addressOf(raster.samples) + first * sampleBytes;
    const predicted = predictor === 3 ? module.floatDifferences : byType[dtype];
    for (let y = 0; y < rect.height; y++) {
      const source = from + y * raster.stride * sampleBytes;
      if (predictor !== 1) predicted(source, to + y * rowBytes, count, full, channels);
      else module.plainRow(source, to + y * rowBytes, count * sampleBytes, rowBytes, channels * sampleBytes);
    }
    for (let y = rect.height; y < block.height; y++) {
      into.copyWithin(y * rowBytes, (rect.height - 1) * rowBytes, rect.height * rowBytes);
    }
  };
}
