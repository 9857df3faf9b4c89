import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { PixelKernels } from '../../pixel-kernels.js';
import { convert } from '../../reference/convert.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

/** Conversion of sample types in WebAssembly; a copy to the same type is the reference's. */
export function wasmConvert(arena: WasmArena): PixelKernels['convert'] {
  const module = instantiate(arena, 'pixels/convert', [
    ...(['uint8ToUint16', 'uint8ToFloat32', 'uint16ToUint8'] as const),
    ...(['uint16ToFloat32', 'float32ToUint8', 'float32ToUint16'] as const),
  ]);
  const rows = {
    uint8: { uint8: undefined, uint16: module.uint8ToUint16, float32: module.uint8ToFloat32 },
    uint16: { uint8: module.uint16ToUint8, uint16: undefined, float32: module.uint16ToFloat32 },
    float32: { uint8: module.float32ToUint8, uint16: module.float32ToUint16, float32: undefined },
  };
  return (input, output) => {
    if (input.dtype === 'uint32' || output.dtype === 'uint32') return convert(input, output);
    const row = rows[input.dtype][output.dtype];
    if (!row) return convert(input, output);
    const from = arena.addressOf(input.samples);
    const to = arena.addressOf(output.samples);
    for (let y = 0; y < output.rect.height; y++) {
      row(
        from + y * input.stride * SAMPLE_BYTES[input.dtype],
        to + y * output.stride * SAMPLE_BYTES[output.dtype],
        output.rect.width * output.channels,
      );
    }
  };
}
