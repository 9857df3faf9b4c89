import { OPERATIONS } from '../../tiling/operations/index.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { Kernel, KernelTable, TileRaster } from '../../worker/kernels/kernel.js';
import { REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { arenaBytes, WasmArena, wasmKernels } from '../../worker/kernels/wasm/index.js';
import { ownModule } from './operation-tiles.js';

const arena = new WasmArena();

/** A kernel over an arena that holds exactly what its descriptor asks for, and other values before. */
function inArena(kernel: Kernel): Kernel {
  return (input, output, operation, context) => {
    const { map } = context;
    const shape = {
      input: input.rect,
      outputWidth: output.rect.width,
      dtype: input.dtype,
      channels: input.channels,
      weighted: context.alpha === 'unassociated',
      nodata: context.nodata !== undefined,
      masked: input.valid !== undefined,
    };
    const scratch = OPERATIONS[operation.name]!.scratchBytes?.(operation, shape, map?.max ?? 0) ?? 0;
    const bytes = (raster: TileRaster) => arenaBytes(raster.samples.byteLength) + arenaBytes(raster.valid?.length ?? 0);
    const frames = Object.entries(context.extras ?? {});
    const frameBytes = frames.reduce((sum, [, raster]) => sum + bytes(raster), 0);
    arena.reset(frameBytes + bytes(input) + bytes(output) + arenaBytes((map?.values.length ?? 0) * 4) + scratch);
    new Uint8Array(arena.memory.buffer).fill(0xa5);
    const placed = (raster: TileRaster): TileRaster => {
      const samples = arena.allocSamples(raster.dtype, raster.samples.byteLength / SAMPLE_BYTES[raster.dtype]);
      samples.set(raster.samples);
      const valid = raster.valid && (arena.allocSamples('uint8', raster.valid.length) as Uint8Array);
      if (raster.valid) valid?.set(raster.valid);
      return { ...raster, samples, ...(valid && { valid }) };
    };
    const result = placed(output);
    const values =
      map && arena.allocSamples(map.values instanceof Uint16Array ? 'uint16' : 'float32', map.values.length);
    if (map && values) values.set(map.values);
    const mapped = map && { map: { ...map, values: values as Uint16Array | Float32Array } };
    const extras = Object.fromEntries(frames.map(([name, raster]) => [name, placed(raster)]));
    kernel(placed(input), result, operation, { ...context, ...mapped, extras });
    output.samples.set(result.samples);
    if (result.valid) output.valid!.set(result.valid);
  };
}

/** The operations of a thread's WebAssembly backend that do not run on the reference. */
function fastKernels(): KernelTable {
  const kernels = Object.entries(wasmKernels(arena)).filter(([name, kernel]) => kernel !== REFERENCE_KERNELS[name]);
  return Object.fromEntries(kernels.map(([name, kernel]) => [name, inArena(kernel)]));
}

/** The kernels that the suite runs, by backend. */
export const BACKENDS: Readonly<Record<string, KernelTable>> = {
  reference: { ...REFERENCE_KERNELS, custom: ownModule },
  wasm: fastKernels(),
};
