import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OPERATIONS, type Operation } from '../../tiling/operations/index.js';
import { type DType, INTEGER_MAX } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';
import { partOf, type TileRaster } from '../../worker/kernels/kernel.js';
import { PARTIALS, REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { WasmArena, wasmKernels, wasmPartials } from '../../worker/kernels/wasm/index.js';
import { noise } from './box-tiles.js';

const arena = new WasmArena();
const WASM = { kernels: wasmKernels(arena), partials: wasmPartials(arena) };
const HEIGHT = 22;
const BAND = 8;
/** Around the vectors of 4, 8 and 16 columns and the words of 64 in which assembly takes a row. */
const WIDTHS = [1, 8, 21, 64, 65, 130];
/** Members of a thousand pixels. */
const DENSITIES = [0, 3, 500, 990];

const OPERATIONS_OF_BANDS: readonly (readonly [string, Readonly<Record<string, string | number>>])[] = [
  ['label', {}],
  ['label', { connectivity: 8, from: 'black', dropBorder: 'true' }],
  ['fill-holes', {}],
  ['distance', {}],
  ['distance', { from: 'black', dx: 0.3, dy: 1.7, cap: 9, scale: 3 }],
  ['distance', { squared: 'true' }],
  ['distance', { signed: 'true' }],
  ['distance', { metric: 'chessboard', dtype: 'uint16' }],
  ['distance', { metric: 'taxicab' }],
];

for (const [name, params] of OPERATIONS_OF_BANDS) {
  test(`bands of any width give what the definition gives: ${name} ${JSON.stringify(params)}`, () => {
    const descriptor = OPERATIONS[name]!;
    const parsed = { ...(descriptor.params.parse(params) as object), bandRows: BAND };
    const operation: Operation = { name, params: parsed, border: 'clip', constantValue: 0, byMap: false };
    for (const dtype of ['uint8', 'uint16', 'float32'] as const) {
      for (const width of dtype === 'uint8' ? WIDTHS : [65]) {
        for (const density of DENSITIES) {
          arena.reset(1 << 22);
          const next = noise(width + density);
          const image = allocated(width, dtype, 1);
          image.samples.forEach((_, i) => {
            image.samples[i] = next(1000) < density ? 1 + next(INTEGER_MAX.uint8) : 0;
          });
          const info = { width, height: HEIGHT, channels: 1, dtype, alpha: 'none' } as RasterInfo;
          const context = { image: info, alpha: 'none' as const };
          const bands = Array.from({ length: Math.ceil(HEIGHT / BAND) }, (_, index) => {
            const y = index * BAND;
            return { x: 0, y, width, height: Math.min(BAND, HEIGHT - y) };
          });
          const [expectedTold, told] = [PARTIALS, WASM.partials].map((table) =>
            bands.map((rect) => table[name]!(partOf(image, rect), operation, context) as string),
          );
          assert.deepEqual(told, expectedTold);
          const handed = descriptor.bands!.handOut(operation, expectedTold!, info);
          const type = descriptor.outputType?.(operation, info)?.dtype ?? dtype;
          const [expected, actual] = [REFERENCE_KERNELS, WASM.kernels].map((table) => {
            const output = allocated(width, type, 1);
            for (const [index, rect] of bands.entries()) {
              const handedHere = { ...context, handed: handed[index]! };
              table[name]!(partOf(image, rect), partOf(output, rect), operation, handedHere);
            }
            return [...output.samples];
          });
          assert.deepEqual(actual, expected, `${dtype}, width ${width}, ${density} of 1000`);
        }
      }
    }
  });
}

function allocated(width: number, dtype: DType, channels: number): TileRaster {
  const stride = width * channels;
  const samples = arena.allocSamples(dtype, stride * HEIGHT);
  return { rect: { x: 0, y: 0, width, height: HEIGHT }, dtype, channels, stride, samples };
}
