import { grow, intersect, type Rect, rectOf, type Size } from '../../tiling/geometry/rect.js';
import { boxScratchBytes } from '../../tiling/operations/box-layout.js';
import type { Border, Operation } from '../../tiling/operations/index.js';
import { allocateSamples, type DType, SAMPLE_BYTES, type Samples } from '../../tiling/raster/dtype.js';
import type { AlphaKind } from '../../tiling/raster/raster-info.js';
import type { Kernel, KernelContext, TileMap, TileRaster } from '../../worker/kernels/kernel.js';
import { REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { arenaBytes, WasmArena, wasmKernels } from '../../worker/kernels/wasm/index.js';

/** A whole image with a radius for every pixel, or one for all. */
export interface BoxCase {
  readonly image: TileRaster;
  readonly border: Border;
  readonly radii: Uint16Array | number;
  readonly alpha?: AlphaKind;
  readonly nodata?: readonly (number | null)[];
}

const arena = new WasmArena();
const WASM_BOX = wasmKernels(arena).box!;

/** A whole image; `sample` gives the value at (x, y, channel). */
export function imageOf(
  size: Size,
  type: { readonly dtype: DType; readonly channels: number },
  sample: (x: number, y: number, c: number) => number,
): TileRaster {
  const raster = emptyRaster(rectOf(size), type);
  for (let y = 0, i = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      for (let c = 0; c < type.channels; c++) raster.samples[i++] = sample(x, y, c);
    }
  }
  return raster;
}

/** Repeatable noise: mulberry32, integers below `below`. */
export function noise(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** The reference kernel over `rect` of a case, from an input of exactly the reach it is promised. */
export function referenceBox(test: BoxCase, rect: Rect = test.image.rect): Samples {
  const { input, output, context, operation } = tileOf(test, rect);
  REFERENCE_KERNELS.box!(input, output, operation, context);
  return output.samples;
}

/** The WebAssembly kernel over the same tile, in arena memory that held other values before. */
export function wasmBox(test: BoxCase, rect: Rect = test.image.rect, kernel: Kernel = WASM_BOX): Samples {
  const tile = tileOf(test, rect);
  const { input, context, operation } = tile;
  const scratch = boxScratchBytes({
    input: input.rect,
    outputWidth: rect.width,
    maxRadius: maxRadius(test, rect),
    isFixed: typeof test.radii === 'number',
    dtype: input.dtype,
    channels: input.channels,
    weighted: test.alpha === 'unassociated',
    nodata: test.nodata !== undefined,
  });
  const bytes = (raster: TileRaster) => arenaBytes(raster.samples.length * SAMPLE_BYTES[raster.dtype]);
  const total = bytes(input) + bytes(tile.output) + arenaBytes(rect.width * rect.height * 2) + scratch;
  arena.reset(total);
  new Uint8Array(arena.memory.buffer, arena.mark(), total).fill(0xa5);
  const inArena = (raster: TileRaster): TileRaster => {
    const samples = arena.allocSamples(raster.dtype, raster.samples.length);
    samples.set(raster.samples);
    return { ...raster, samples };
  };
  const output = inArena(tile.output);
  kernel(inArena(input), output, operation, { ...context, ...(context.map && { map: mapInArena(context.map) }) });
  return output.samples.slice();
}

function mapInArena(map: TileMap): TileMap {
  const values = arena.allocSamples('uint16', map.values.length) as Uint16Array;
  values.set(map.values);
  return { ...map, values };
}

function tileOf(test: BoxCase, rect: Rect) {
  const { image, border, radii } = test;
  const max = maxRadius(test, rect);
  const reach = grow(rect, { left: max, right: max, top: max, bottom: max });
  const input = cropped(image, border === 'clip' ? intersect(reach, image.rect) : reach, border);
  const output = emptyRaster(rect, image);
  const map = typeof radii === 'number' ? undefined : { rect, values: croppedRadii(test, rect), max };
  const context: KernelContext = {
    image: image.rect,
    alpha: test.alpha ?? 'none',
    ...(test.nodata && { nodata: test.nodata }),
    ...(map && { map }),
  };
  const params = typeof radii === 'number' ? { radius: radii } : {};
  const operation: Operation = { name: 'box', params, border, constantValue: CONSTANT, byMap: map !== undefined };
  return { input, output, context, operation };
}

/** What `constant` extends images of these tests by. */
export const CONSTANT = 7;

function cropped(image: TileRaster, rect: Rect, border: Border): TileRaster {
  const { channels, samples } = image;
  const { width, height } = image.rect;
  if (rect.width === width && rect.height === height) return image;
  return imageAt(rect, image, (x, y, c) => {
    const column = sourceIndex(x, width, border);
    const row = sourceIndex(y, height, border);
    return column < 0 || row < 0 ? CONSTANT : samples[(row * width + column) * channels + c]!;
  });
}

/** Where SciPy's border modes find index `i` of a line of n samples; −1 for `constant` beyond it. */
function sourceIndex(i: number, n: number, border: Border): number {
  if (i >= 0 && i < n) return i;
  if (border === 'nearest') return i < 0 ? 0 : n - 1;
  if (border === 'reflect') {
    const j = ((i % (2 * n)) + 2 * n) % (2 * n);
    return j < n ? j : 2 * n - 1 - j;
  }
  if (border === 'mirror' && n > 1) {
    const j = ((i % (2 * n - 2)) + 2 * n - 2) % (2 * n - 2);
    return j < n ? j : 2 * n - 2 - j;
  }
  return border === 'mirror' ? 0 : -1;
}

function imageAt(rect: Rect, type: TileRaster, sample: (x: number, y: number, c: number) => number): TileRaster {
  const raster = imageOf(rect, type, (x, y, c) => sample(x + rect.x, y + rect.y, c));
  return { ...raster, rect };
}

function emptyRaster(rect: Rect, { dtype, channels }: Pick<TileRaster, 'dtype' | 'channels'>): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: allocateSamples(dtype, stride * rect.height) };
}

function croppedRadii({ image, radii }: BoxCase, rect: Rect): Uint16Array {
  const all = radii as Uint16Array;
  return Uint16Array.from(
    { length: rect.width * rect.height },
    (_, i) => all[(rect.y + Math.floor(i / rect.width)) * image.rect.width + rect.x + (i % rect.width)]!,
  );
}

function maxRadius(test: BoxCase, rect: Rect): number {
  return typeof test.radii === 'number' ? test.radii : croppedRadii(test, rect).reduce((a, b) => Math.max(a, b), 0);
}
