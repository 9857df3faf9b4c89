import { type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';
import type { HalveOptions, PixelKernels } from '../../pixel-kernels.js';
import { halve as referenceHalve } from '../../reference/halve.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import type { Address } from '../memory/modules.js';
import { NodataTable } from '../samples/nodata.js';
import { validityOf } from '../samples/validity-rows.js';

/** Which pixels of the output count: those with a pixel that counts under them, `nearest` those whose top left one does. */
function halveValidity(input: TileRaster, output: TileRaster, mode: HalveOptions['mode']): void {
  if (input.valid === undefined || output.valid === undefined) return;
  const { rect } = input;
  const across = input.stride / input.channels;
  const lastRow = mode === 'nearest' ? 0 : 1;
  for (let y = 0; y < output.rect.height; y++) {
    const row = 2 * (output.rect.y + y) - rect.y;
    const rows = Math.min(lastRow, rect.height - 1 - row);
    let to = (y * output.stride) / output.channels;
    let column = 2 * output.rect.x - rect.x;
    for (let x = 0; x < output.rect.width; x++, to++, column += 2) {
      const columns = Math.min(lastRow, rect.width - 1 - column);
      const upper = row * across + column;
      const lower = upper + rows * across;
      const any =
        input.valid[upper]! | input.valid[upper + columns]! | input.valid[lower]! | input.valid[lower + columns]!;
      output.valid[to] = any === 0 ? 0 : 255;
    }
  }
}

/** Two rows of the input, the same one twice where there is no second, become one of the output. */
type RowFunction = (
  upper: Address,
  lower: Address,
  into: Address,
  width: number,
  inputWidth: number,
  channels: number,
  rows: number,
  validUpper: Address,
  validLower: Address,
) => void;

/** Halving in WebAssembly: SIMD for integers of 1 to 4 channels without invalid samples, scalar otherwise. */
export function wasmHalve(arena: WasmArena): PixelKernels['halve'] {
  const module = instantiate(arena, 'scaling/halve', [
    ...(['averageRow8', 'averageRow16', 'alphaRow8', 'nearestRow'] as const),
    ...(['weightedRow8', 'weightedRow16', 'weightedRow32'] as const),
  ]);
  const nodata = new NodataTable(arena);

  function rowFunction(input: TileRaster, options: HalveOptions): RowFunction {
    const { channels } = input;
    const dtype = input.dtype as Exclude<DType, 'uint32'>;
    if (options.mode === 'nearest') {
      const pixelBytes = channels * SAMPLE_BYTES[dtype];
      return (upper, _lower, into, width) => module.nearestRow(upper, into, width, pixelBytes);
    }
    const alpha = options.alpha === 'unassociated' && channels > 1;
    const invalid = nodata.fill(input, options.nodata) || input.valid !== undefined;
    if (dtype === 'uint8' && channels <= 4 && alpha && !invalid) return module.alphaRow8;
    if (dtype !== 'float32' && channels <= 4 && !alpha && !invalid) {
      return dtype === 'uint8' ? module.averageRow8 : module.averageRow16;
    }
    const byType = { uint8: module.weightedRow8, uint16: module.weightedRow16, float32: module.weightedRow32 };
    const row = byType[dtype];
    return (upper, lower, into, width, inputWidth, _channels, rows, ...valid) =>
      row(upper, lower, into, width, inputWidth, channels, rows, nodata.address, alpha ? 1 : 0, ...valid);
  }

  return (input, output, options) => {
    if (input.dtype === 'uint32' && options.mode !== 'nearest') return referenceHalve(input, output, options);
    const { rect, channels, dtype } = input;
    const sampleBytes = SAMPLE_BYTES[dtype];
    const run = rowFunction(input, options);
    const validAt = validityOf(arena, input);
    const from = arena.addressOf(input.samples) + (2 * output.rect.x - rect.x) * channels * sampleBytes;
    const into = arena.addressOf(output.samples);
    const inputWidth = Math.min(2 * output.rect.width, rect.x + rect.width - 2 * output.rect.x);
    for (let y = 0; y < output.rect.height; y++) {
      const row = 2 * (output.rect.y + y) - rect.y;
      const rows = Math.min(2, rect.height - row);
      const upper = from + row * input.stride * sampleBytes;
      const lower = from + (row + rows - 1) * input.stride * sampleBytes;
      const validUpper = validAt(2 * output.rect.x, rect.y + row);
      const validLower = validAt(2 * output.rect.x, rect.y + row + rows - 1);
      const result = into + y * output.stride * sampleBytes;
      run(upper, lower, result, output.rect.width, inputWidth, channels, rows, validUpper, validLower);
    }
    halveValidity(input, output, options.mode);
  };
}
