import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cellCount, cellRect } from '../../tiling/geometry/grid.js';
import { grow, intersect, type Rect, rectOf, type Size } from '../../tiling/geometry/rect.js';
import { bandGrid } from '../../tiling/operations/band/bands.js';
import { customParams } from '../../tiling/operations/custom.js';
import { type Border, OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { checkModule } from '../../tiling/operations/module/custom-module.js';
import { fileReader } from '../../tiling/operations/parameter-files.js';
import { allocateSamples, type DType } from '../../tiling/raster/dtype.js';
import type { AlphaKind, RasterInfo } from '../../tiling/raster/raster-info.js';
import { runModule } from '../../worker/kernels/custom/run-module.js';
import type { Kernel, KernelContext, TileMap, TileRaster } from '../../worker/kernels/kernel.js';
import { PARTIALS, REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { borderIndex } from '../../worker/kernels/reference/samples/border-index.js';

/** A whole image, its map and one operation as a user writes it. */
export interface OperationCase {
  readonly image: TileRaster;
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly border?: Border;
  readonly constant?: number;
  /** Sigmas or radii, one a pixel of the whole image. */
  readonly map?: Float32Array | Uint16Array;
  readonly alpha?: AlphaKind;
  readonly nodata?: readonly (number | null)[];
  readonly extras?: Readonly<Record<string, TileRaster>>;
}

/** The folder of this suite's golden files. */
export const OPERATION_FIXTURES = new URL('../../../test/fixtures/operations/', import.meta.url);

/** The operation as the planner would hand it to tiles: parameters checked, filled in, reductions done. */
export function resolve(test: OperationCase, tile?: Size): Operation {
  const descriptor = OPERATIONS[test.name]!;
  const byMap = test.map !== undefined;
  const written: Operation = {
    name: test.name,
    params: descriptor.params.parse(test.params),
    border: test.border ?? descriptor.defaultBorder(byMap),
    constantValue: test.constant ?? 0,
    byMap,
  };
  const image = infoOf(test);
  const readFile = (path: string) => readFileSync(new URL(path, OPERATION_FIXTURES));
  const facts = {
    image,
    mapMax: maxOf(test.map ?? []),
    file: fileReader(written, readFile),
    shapeOf: checkModule,
    // As a plan has it, tiles lie in bands of their height.
    ...(tile && { bandRows: tile.height }),
  };
  return descriptor.prepare?.(written, facts) ?? written;
}

function infoOf({ image, alpha = 'none' }: OperationCase): RasterInfo {
  return { ...image.rect, channels: image.channels, dtype: image.dtype, alpha, photometric: 1, carried: [] };
}

/** What a kernel is handed for one tile. */
export interface TileInput {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly operation: Operation;
  readonly context: KernelContext;
}

/** The operation over the whole image in tiles of the given size, each from exactly the input it is promised. */
export function runTiled(
  test: OperationCase,
  tile: Size,
  kernel: Kernel = REFERENCE_KERNELS[test.name] ?? ownModule,
  order: 'forward' | 'backward' = 'forward',
): TileRaster {
  const { whole, tiles } = tileInputs(test, tile, order);
  for (const { input, output, operation, context } of tiles) {
    kernel(input, output, operation, context);
    paste(output, whole);
  }
  return whole;
}

/** The tests' own modules, in this thread. */
export const ownModule: Kernel = (input, output, operation, context) => {
  const module = new WebAssembly.Module(Buffer.from(customParams(operation).code, 'base64'));
  runModule(module, { input, output }, operation, context);
};

/** The empty result of a case, and its tiles, each made when it is asked for. */
export function tileInputs(
  test: OperationCase,
  tile: Size,
  order: 'forward' | 'backward' = 'forward',
): { readonly whole: TileRaster; readonly tiles: Iterable<TileInput> } {
  const operation = reduced(test, resolve(test, tile), tile);
  const handed = exchanged(test, operation);
  const descriptor = OPERATIONS[test.name]!;
  const size = descriptor.outputSize?.(operation, test.image.rect) ?? test.image.rect;
  const { dtype, channels } = descriptor.outputType?.(operation, infoOf(test)) ?? test.image;
  const plain = emptyRaster(rectOf(size), dtype, channels);
  // Where a mask goes when the size changes is the operation's to say.
  const whole = test.image.valid && descriptor.outputSize ? withValidity(plain) : plain;
  const rects = tilesOf(size, tile);
  return { whole, tiles: inputsOf({ test, operation, handed }, whole, order === 'forward' ? rects : rects.reverse()) };
}

/** What each band of an operation over full rows is handed; none for other operations. */
function exchanged(test: OperationCase, operation: Operation): readonly string[] {
  const { bands } = OPERATIONS[test.name]!;
  if (bands === undefined) return [];
  const grid = bandGrid(operation, test.image.rect);
  const partials = Array.from({ length: cellCount(grid) }, (_, band) => {
    const rect = cellRect(grid, band);
    const partial = PARTIALS[test.name]!(cropped(test, rect, 'clip'), operation, contextFor(test, operation, rect));
    assert.ok(bands.isPartial(operation, partial, infoOf(test), band), `what band ${band} tells is refused`);
    return partial as string;
  });
  return bands.handOut(operation, partials, infoOf(test));
}

function* inputsOf(
  { test, operation, handed }: { test: OperationCase; operation: Operation; handed: readonly string[] },
  whole: TileRaster,
  rects: readonly Rect[],
): Generator<TileInput> {
  const carries = new Map<number, Float64Array>();
  for (const rect of rects) {
    const empty = emptyRaster(rect, whole.dtype, whole.channels);
    const output = whole.valid ? withValidity(empty) : empty;
    const carry = carries.get(rect.y) ?? new Float64Array(rect.height * whole.channels).fill(Number.NaN);
    carries.set(rect.y, carry);
    const band = handed.length > 0 && { handed: handed[rect.y / (operation.params.bandRows as number)]! };
    const context = { ...contextFor(test, operation, rect, carry), ...band };
    yield { input: inputFor(test, operation, rect), output, operation, context };
  }
}

function reduced(test: OperationCase, operation: Operation, tile: Size): Operation {
  const reduction = OPERATIONS[test.name]!.reduction;
  let current = operation;
  while (reduction !== undefined && reduction.passesLeft(current, test.image.dtype) > 0) {
    const partials = tilesOf(test.image.rect, tile).map((rect) =>
      PARTIALS[test.name]!(cropped(test, rect, 'clip'), current, contextFor(test, current, rect)),
    );
    // Partials cross processes as JSON, as the first of them does here.
    const [first, ...others] = partials;
    const merged = others.reduce((a, b) => reduction.merge(a, b), JSON.parse(JSON.stringify(first)));
    current = reduction.complete(current, test.image.dtype, merged);
  }
  return current;
}

function inputFor(test: OperationCase, operation: Operation, rect: Rect): TileRaster {
  const descriptor = OPERATIONS[test.name]!;
  if (descriptor.inputRect) return cropped(test, descriptor.inputRect(operation, rect, test.image.rect), 'clip');
  const mapMax = test.map ? maxOf(mapIn(test, rect).values) : 0;
  const grown = grow(rect, descriptor.reach(operation, mapMax));
  return cropped(test, operation.border === 'clip' ? intersect(grown, test.image.rect) : grown, operation.border);
}

function contextFor(test: OperationCase, operation: Operation, rect: Rect, carry?: Float64Array): KernelContext {
  const mapReach = OPERATIONS[test.name]!.mapReach?.(operation) ?? { left: 0, right: 0, top: 0, bottom: 0 };
  return {
    image: test.image.rect,
    alpha: test.alpha ?? 'none',
    ...(test.nodata && { nodata: test.nodata }),
    ...(test.map && { map: mapIn(test, intersect(grow(rect, mapReach), test.image.rect)) }),
    ...(test.extras && { extras: test.extras }),
    ...(carry && { carry }),
  };
}

function mapIn(test: OperationCase, rect: Rect): TileMap {
  const all = test.map!;
  const values = all.slice(0, rect.width * rect.height);
  for (let i = 0; i < values.length; i++) {
    values[i] = all[(rect.y + Math.floor(i / rect.width)) * test.image.rect.width + rect.x + (i % rect.width)]!;
  }
  return { rect, values, max: maxOf(values) };
}

function cropped(test: OperationCase, rect: Rect, border: Border): TileRaster {
  const { image } = test;
  const raster = emptyRaster(rect, image.dtype, image.channels);
  const valid = image.valid && new Uint8Array(rect.width * rect.height);
  let at = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const u = borderIndex(x, image.rect.width, border)!;
      const v = borderIndex(y, image.rect.height, border)!;
      const outside = u < 0 || v < 0;
      if (valid) valid[at / image.channels] = outside ? 255 : image.valid![v * image.rect.width + u]!;
      for (let c = 0; c < image.channels; c++) {
        raster.samples[at++] = outside
          ? (test.constant ?? 0)
          : image.samples[v * image.stride + u * image.channels + c]!;
      }
    }
  }
  return valid ? { ...raster, valid } : raster;
}

/** A zeroed raster of the given pixels. */
export function emptyRaster(rect: Rect, dtype: DType, channels: number): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: allocateSamples(dtype, stride * rect.height) };
}

function withValidity(raster: TileRaster): TileRaster {
  return { ...raster, valid: new Uint8Array(raster.rect.width * raster.rect.height) };
}

function tilesOf(size: Size, tile: Size): Rect[] {
  const rects: Rect[] = [];
  for (let y = 0; y < size.height; y += tile.height) {
    for (let x = 0; x < size.width; x += tile.width) {
      rects.push(intersect({ x, y, ...pick(tile) }, rectOf(size)));
    }
  }
  return rects;
}

function pick({ width, height }: Size): Size {
  return { width, height };
}

/** Copies a finished tile to its place. */
export function paste(tile: TileRaster, whole: TileRaster): void {
  for (let row = 0; row < tile.rect.height; row++) {
    const to = (tile.rect.y + row) * whole.stride + tile.rect.x * whole.channels;
    whole.samples.set(tile.samples.subarray(row * tile.stride, (row + 1) * tile.stride), to);
    const { width } = tile.rect;
    if (tile.valid) whole.valid!.set(tile.valid.subarray(row * width, (row + 1) * width), to / whole.channels);
  }
}

function maxOf(values: ArrayLike<number>): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, values[i]!);
  return max;
}
