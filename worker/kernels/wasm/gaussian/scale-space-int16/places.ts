import { intersect, type Rect } from '../../../../../tiling/geometry/rect.js';
import type { TileMap } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';
import { instantiate } from '../../memory/instance.js';
import { INTERVALS, intervalOf } from './levels.js';

const EXPORTS = ['placeBlock', 'gatherUint8', 'gatherUint16', 'divideUint8', 'divideUint16', 'divideFloats'] as const;
/** Keys of sigma squared, 32 to a doubling, from 2^-6 to 2^20. */
const FIRST_EXPONENT = -6;
const KEYS_PER_DOUBLING = 32;
const KEYS = KEYS_PER_DOUBLING * 27;
/** Bounds are rounded to float32. */
const KEY_MARGIN = 1e-6;
/** Small enough for a smooth map to vary little inside and for what is doubled to stay in the cache. */
export const BLOCK = { width: 256, height: 32 };

/** The functions of `assembly/gaussian/int16-gather.ts`. */
export type GatherModule = ReturnType<typeof gatherModule>;

/** The functions of `assembly/gaussian/int16-windows.ts`. */
export type WindowModule = ReturnType<typeof windowModule>;

/** Those functions over an arena. */
export function windowModule(arena: WasmArena) {
  return instantiate(arena, 'gaussian/int16-windows', ['windowsUint8', 'windowsUint16']);
}

/** The functions over an arena. */
export function gatherModule(arena: WasmArena) {
  return instantiate(arena, 'gaussian/int16-gather', EXPORTS);
}

/** Made for the first tile: all processes load this module, few need its tables. */
let made: ReturnType<typeof makeTables> | undefined;

function makeTables() {
  return {
    /** The lowest and the highest interval of each key. */
    byKey: Uint8Array.from({ length: KEYS * 2 }, (_, i) => {
      const margin = i % 2 === 0 ? -1 : 1;
      return intervalOf(keyStart((i + (i % 2)) / 2) + margin * KEY_MARGIN);
    }),
    /** Where each interval begins and ends. */
    bounds: Float32Array.from(INTERVALS.flatMap(({ low, high }) => [low, high])),
  };
}

/** Sigma squared where a key begins. */
function keyStart(key: number): number {
  const doubling = Math.floor(key / KEYS_PER_DOUBLING);
  return 2 ** (FIRST_EXPONENT + doubling) * (1 + (key % KEYS_PER_DOUBLING) / KEYS_PER_DOUBLING);
}

/** Pixels of an output rect that are looked at together, and the intervals that may occur among them. */
export interface PlacedBlock {
  readonly rect: Rect;
  readonly intervals: readonly number[];
}

/** A tile's map as the scale space sees it. */
export interface Places {
  /** In rows of blocks. */
  readonly bands: readonly (readonly PlacedBlock[])[];
  readonly rect: Rect;
  /** Float32, dense: sigma squared. */
  readonly variances: number;
}

/** Places the sigmas of a tile. */
export function placesOf(arena: WasmArena, module: GatherModule, map: TileMap): Places {
  const { x, y, width, height } = map.rect;
  // Gathering reads whole vectors.
  const variances = arena.alloc(width * height * 4 + 32);
  const mark = arena.mark();
  made ??= makeTables();
  const bounds = arena.alloc(made.bounds.byteLength);
  new Float32Array(arena.memory.buffer, bounds, made.bounds.length).set(made.bounds);
  const intervals = arena.alloc(made.byKey.length);
  new Uint8Array(arena.memory.buffer, intervals, made.byKey.length).set(made.byKey);
  const marks = new Uint8Array(arena.memory.buffer, arena.alloc(256), 256);
  const first = (127 + FIRST_EXPONENT) * KEYS_PER_DOUBLING;
  const bands: PlacedBlock[][] = [];
  for (let top = y; top < y + height; top += BLOCK.height) {
    const band: PlacedBlock[] = [];
    for (let left = x; left < x + width; left += BLOCK.width) {
      const rect = intersect({ x: left, y: top, ...BLOCK }, map.rect);
      marks.fill(0);
      const at = ((rect.y - y) * width + rect.x - x) * 4;
      const shape = [width * 4, rect.width, rect.height] as const;
      const tables = [intervals, bounds, marks.byteOffset, first, KEYS - 1] as const;
      module.placeBlock(map.values.byteOffset + at, ...shape, ...tables, variances + at);
      band.push({ rect, intervals: marked(marks) });
    }
    bands.push(band);
  }
  arena.release(mark);
  return { bands, rect: map.rect, variances };
}

function marked(marks: Uint8Array): number[] {
  const found: number[] = [];
  for (let i = 0; i < INTERVALS.length; i++) if (marks[i] === 1) found.push(i);
  return found;
}

/** The smallest rect that holds two. */
export function hull(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  return { x, y, width: right - x, height: Math.max(a.y + a.height, b.y + b.height) - y };
}
