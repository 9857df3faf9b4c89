import { flatFieldOf } from '../../../../tiling/operations/flat-field.js';
import { floatRowBytes } from '../../../../tiling/operations/scratch.js';
import { type DType, SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { type RowModule, rowModule, storeRow } from '../samples/float-rows.js';
import { addressOf, type PointRows } from '../samples/point-rows.js';

/** One row of a raster as float32, infinities and all. */
const LOAD = { uint8: 'load8', uint16: 'load16', uint32: 'store32', float32: 'store32' } as const satisfies Record<
  DType,
  string
>;

/** Whole scales up to this keep products of bytes exact in float32. */
const MAX_BYTE_SCALE = 65536;

/**
 * Frames that are images, in float32: a relative error of 2·10⁻⁷, none where image and frames are bytes. Two numbers
 * are a curve, which `table` takes.
 */
export function wasmFlatField(arena: WasmArena, table: Kernel, points: PointRows): Kernel {
  const rows = rowModule(arena);
  const module = instantiate(arena, 'tone/flat-field', ['repeat', 'flatten', 'correctUint8']);
  return (input, output, operation, context) => {
    const { dark, flat, scale } = flatFieldOf(operation, input.dtype);
    if (typeof dark === 'number' && typeof flat === 'number') return table(input, output, operation, context);
    const mark = arena.mark();
    const { rect, channels } = output;
    const count = rect.width * channels;
    const frames = [frameOf('dark', dark, context), frameOf('flat', flat, context)] as const;
    if ([input, ...frames].every((frame) => isUint8(frame, channels)) && isUint8Scale(scale)) {
      const [darkRow, flatRow] = [uint8Row(arena, frames[0], output), uint8Row(arena, frames[1], output)];
      points(input, output, context, (source, into, y) => {
        module.correctUint8(source, darkRow(y), flatRow(y), into, count, scale);
      });
      arena.release(mark);
      return;
    }
    const frameRow = (frame: Frame): ((y: number) => number) => {
      const row = arena.alloc(floatRowBytes(count));
      if (typeof frame === 'number') {
        new Float32Array(arena.memory.buffer, row, floatRowBytes(count) / 4).fill(frame);
        return () => row;
      }
      if (frame.channels === channels) return (y) => loadSamples(rows, arena, frame, y, { row, rect });
      const single = arena.alloc(floatRowBytes(rect.width));
      return (y) => {
        loadSamples(rows, arena, frame, y, { row: single, rect });
        module.repeat(single, row, rect.width, channels);
        return row;
      };
    };
    const [darkRow, flatRow] = [frameRow(frames[0]), frameRow(frames[1])];
    const row = arena.alloc(floatRowBytes(count));
    points(input, output, context, (_source, _into, y) => {
      loadSamples(rows, arena, input, y, { row, rect });
      module.flatten(row, darkRow(y), flatRow(y), scale, count);
      storeRow(rows, arena, output, y - rect.y, row);
    });
    arena.release(mark);
  };
}

/** A calibration frame: an image or one number. */
type Frame = TileRaster | number;

function frameOf(name: 'dark' | 'flat', frame: number | string, { extras }: KernelContext): Frame {
  return typeof frame === 'number' ? frame : extras![name]!;
}

function isUint8(frame: Frame, channels: number): boolean {
  if (typeof frame === 'number') return Number.isInteger(frame) && frame >= 0 && frame <= 255;
  return frame.dtype === 'uint8' && frame.channels === channels;
}

function isUint8Scale(scale: number): boolean {
  return Number.isInteger(scale) && Math.abs(scale) <= MAX_BYTE_SCALE;
}

/** Address of the frame's bytes under an output row. */
function uint8Row(arena: WasmArena, frame: Frame, { rect, channels }: TileRaster): (y: number) => number {
  if (typeof frame !== 'number') return (y) => addressOf(arena, frame, rect.x, y);
  const count = rect.width * channels;
  const address = arena.alloc(count);
  new Uint8Array(arena.memory.buffer, address, count).fill(frame);
  return () => address;
}

/** Loads the samples of row y under `rect`, both in image coordinates; returns the row's address. */
function loadSamples(
  rows: RowModule,
  arena: WasmArena,
  raster: TileRaster,
  y: number,
  { row, rect }: { readonly row: number; readonly rect: TileRaster['rect'] },
): number {
  const source = arena.addressOf(raster.samples) + sampleIndex(raster, rect.x, y) * SAMPLE_BYTES[raster.dtype];
  rows[LOAD[raster.dtype]](source, row, rect.width * raster.channels);
  return row;
}
