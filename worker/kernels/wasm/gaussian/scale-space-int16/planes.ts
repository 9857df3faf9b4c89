import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { halvedRect } from '../../../../../tiling/operations/pyramid.js';
import type { WasmArena } from '../../memory/arena.js';
import { instantiate } from '../../memory/instance.js';
import type { ScaleSpaceModule } from '../scale-space/planes.js';

const EXPORTS = [
  'widenRow',
  'rangeOf',
  'liftRow',
  'spreadRows',
  'foldWide',
  'halveWide',
  'halveSums',
  'doublePlane',
] as const;

/** The functions of `assembly/gaussian/int16-scale-space.ts`. */
export type ValueModule = ReturnType<typeof valueModule>;

/** The functions over an arena. */
export function valueModule(arena: WasmArena) {
  return instantiate(arena, 'gaussian/int16-scale-space', EXPORTS);
}

/** Samples on a grid, point i standing at pixel i·2^octave: bytes, or values of 16 bits. */
export interface SamplePlane {
  /** In grid points. */
  readonly rect: Rect;
  readonly address: number;
  readonly strideBytes: number;
  readonly channels: number;
  readonly sampleBytes: 1 | 2;
}

/** Room behind each row for whole vectors. */
const ROW_SLACK = 32;

/** Bytes of a row of values, and of what is written behind it. */
export function valueRowBytes(width: number, channels: number): number {
  return Math.ceil((width * channels * 2) / 32) * 32 + ROW_SLACK;
}

/** A new plane of values; what it holds is left over from earlier use. */
export function reserveValues(arena: WasmArena, rect: Rect, channels: number): SamplePlane {
  const strideBytes = valueRowBytes(rect.width, channels);
  const address = arena.alloc(strideBytes * rect.height + ROW_SLACK);
  return { rect, address, strideBytes, channels, sampleBytes: 2 };
}

/** Address of a point of a plane. */
export function pointOf(plane: SamplePlane, { x, y }: { readonly x: number; readonly y: number }): number {
  const { rect, channels, sampleBytes } = plane;
  return plane.address + (y - rect.y) * plane.strideBytes + (x - rect.x) * channels * sampleBytes;
}

/** Pixels of 0 on both sides of a folded row: points beyond the grid's edge reach that far. */
const MARGIN = 8;

/**
 * The next coarser grid: each point is the (1 4 6 4 1)/16 mean around it, points that the finer one lacks counting 0.
 * Rows are folded first, then every second pixel is taken along them.
 */
export function halvePlane(
  arena: WasmArena,
  modules: { readonly values: ValueModule; readonly scaleSpace: ScaleSpaceModule },
  finer: SamplePlane,
): SamplePlane {
  const { rect, channels, sampleBytes } = finer;
  const coarser = reserveValues(arena, halvedRect(rect), channels);
  const mark = arena.mark();
  const memory = new Uint8Array(arena.memory.buffer);
  const count = rect.width * channels;
  const margin = MARGIN * channels * 2;
  const folded = arena.alloc(count * 2 + 2 * margin + 64);
  const zero = arena.alloc(count * sampleBytes + ROW_SLACK);
  memory.fill(0, zero, zero + count * sampleBytes + ROW_SLACK);
  // Rows of values are folded to complements.
  const nothing = sampleBytes === 1 ? 0 : 255;
  memory.fill(nothing, folded, folded + margin);
  const end = folded + margin + count * 2;
  const [fold, halve] =
    sampleBytes === 1
      ? ([modules.scaleSpace.foldUint8, modules.values.halveSums] as const)
      : ([modules.values.foldWide, modules.values.halveWide] as const);
  const rowAt = (row: number) => (row < 0 || row >= rect.height ? zero : finer.address + row * finer.strideBytes);
  // A point's mean begins two pixels before it.
  const first = folded + margin + (2 * coarser.rect.x - rect.x - 2) * channels * 2;
  for (let j = 0; j < coarser.rect.height; j++) {
    const c = 2 * (coarser.rect.y + j) - rect.y;
    fold(rowAt(c - 2), rowAt(c - 1), rowAt(c), rowAt(c + 1), rowAt(c + 2), folded + margin, count);
    memory.fill(nothing, end, end + margin + 48);
    halve(first, coarser.address + j * coarser.strideBytes, coarser.rect.width, channels);
  }
  arena.release(mark);
  return coarser;
}

/** The points of a grid that doubling reads for those of the finer one: whole pairs of them are made. */
export function doubledFrom({ x, y, width, height }: Rect): Rect {
  const left = Math.floor(x / 2) - 1;
  const top = Math.floor(y / 2) - 1;
  const right = Math.floor((x + width - 1) / 2) + 2;
  const bottom = Math.floor((y + height - 1) / 2) + 2;
  return { x: left, y: top, width: right - left, height: bottom - top };
}

/** `rect` of the grid of twice the density, begun at an even column: a new plane. */
export function doublePlane(arena: WasmArena, module: ValueModule, coarse: SamplePlane, rect: Rect): SamplePlane {
  const { channels } = coarse;
  const x = Math.floor(rect.x / 2) * 2;
  const pairs = Math.ceil((rect.x + rect.width - x) / 2);
  const fine = reserveValues(arena, { x, y: rect.y, width: 2 * pairs, height: rect.height }, channels);
  const mark = arena.mark();
  const line = arena.alloc(valueRowBytes(pairs + 2, channels));
  const from = pointOf(coarse, { x: x / 2 - 1, y: Math.floor(rect.y / 2) });
  const odd = rect.y - 2 * Math.floor(rect.y / 2);
  const rows = [coarse.strideBytes, line, fine.address, fine.strideBytes] as const;
  module.doublePlane(from, ...rows, pairs, rect.height, odd, channels);
  arena.release(mark);
  return fine;
}
