import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS } from '../../tiling/operations/index.js';
import type { KernelContext, TileRaster } from '../../worker/kernels/kernel.js';
import { WasmArena, wasmKernels } from '../../worker/kernels/wasm/index.js';
import { caseOf } from './operation-check.js';
import { AXES, type Combination, OPERATION_TABLE, type OperationRow } from './operation-table.js';
import { type TileInput, tileInputs } from './operation-tiles.js';

/** Large enough for any tile of this test, so that no kernel stops where it takes more than it says. */
const ROOM_BYTES = 48 << 20;

/** An arena that remembers how far it was filled. */
class WatchedArena extends WasmArena {
  peak = 0;

  override alloc(bytes: number): number {
    const address = super.alloc(bytes);
    this.peak = Math.max(this.peak, this.mark());
    return address;
  }
}

const arena = new WatchedArena();
const kernels = wasmKernels(arena);

function placed(raster: TileRaster): TileRaster {
  const samples = arena.allocSamples(raster.dtype, raster.samples.length);
  samples.set(raster.samples);
  const valid = raster.valid && (arena.allocSamples('uint8', raster.valid.length) as Uint8Array);
  if (raster.valid) valid?.set(raster.valid);
  return { ...raster, samples, ...(valid && { valid }) };
}

function placedContext(context: KernelContext): KernelContext {
  const { map, extras = {} } = context;
  const frames = Object.fromEntries(Object.entries(extras).map(([name, raster]) => [name, placed(raster)]));
  if (map === undefined) return { ...context, extras: frames };
  const dtype = map.values instanceof Uint16Array ? 'uint16' : 'float32';
  const values = arena.allocSamples(dtype, map.values.length) as Float32Array;
  values.set(map.values);
  return { ...context, extras: frames, map: { ...map, values } };
}

/** Bytes that a kernel took of the arena for one tile, and what its descriptor says. */
function scratchOf({ input, output, operation, context }: TileInput): { taken: number; declared: number } {
  arena.reset(ROOM_BYTES);
  const tile = [placed(input), placed(output), operation, placedContext(context)] as const;
  const start = arena.mark();
  arena.peak = start;
  kernels[operation.name]!(...tile);
  const shape = {
    input: input.rect,
    outputWidth: output.rect.width,
    dtype: input.dtype,
    channels: input.channels,
    weighted: context.alpha === 'unassociated',
    nodata: context.nodata !== undefined,
    masked: input.valid !== undefined,
  };
  const declared = OPERATIONS[operation.name]!.scratchBytes?.(operation, shape, context.map?.max ?? 0) ?? 0;
  return { taken: arena.peak - start, declared };
}

function combinationsOf(index: number): Combination[] {
  return AXES.dtype.flatMap((dtype, d) =>
    (['plain', 'nodata', 'alpha', 'masked', 'everything'] as const).map((samples, s) => ({
      dtype,
      samples,
      border: AXES.border[(index + d + s) % AXES.border.length]!,
      channels: AXES.channels[(index + 2 * d + s) % AXES.channels.length]!,
      size: { width: 170, height: 110 },
      tile: { width: 150, height: 100 },
    })),
  ) as unknown as Combination[];
}

function check(row: OperationRow, at: Combination): void {
  const [tile] = tileInputs(caseOf(row, at, 1), at.tile).tiles;
  const { taken, declared } = scratchOf(tile!);
  assert.ok(taken <= declared, `${JSON.stringify(at)}: took ${taken} bytes and declares ${declared}`);
}

for (const [index, row] of OPERATION_TABLE.entries()) {
  if (row.name === 'custom') continue;
  test(`${row.name} ${JSON.stringify(row.params)} takes no more scratch than it declares`, () => {
    for (const at of combinationsOf(index)) check(row, at);
  });
}
