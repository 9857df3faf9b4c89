import type { Rect } from '../../../../../tiling/geometry/rect.js';
import type { WasmArena } from '../../memory/arena.js';
import type { FixedModule } from '../separable/separable-fixed.js';
import { type SamplePlane, valueRowBytes } from './planes.js';

/**
 * Writes the next row of a blur at an address, where there is room for whole vectors, and the one behind it where that
 * has an address too and comes at no cost; returns how many it wrote.
 */
export type NextRows = (into: number, following?: number) => number;

/**
 * The rows of a separable blur over `rect` of a grid, from the top on; points that the grid lacks count 0. Rows pass
 * in pairs: where only one is asked for, the second is kept.
 */
export function blurredRows(
  { arena, fixed }: { readonly arena: WasmArena; readonly fixed: FixedModule },
  source: SamplePlane,
  rect: Rect,
  { radius, pairs }: { readonly radius: number; readonly pairs: Int16Array },
): NextRows {
  const { channels, sampleBytes } = source;
  const memory = new Uint8Array(arena.memory.buffer);
  const count = rect.width * channels;
  const window = count + 2 * radius * channels;
  const lineBytes = (Math.ceil(window / 16) * 16 + 48) * sampleBytes;
  const lines = arena.alloc(2 * lineBytes);
  memory.fill(0, lines, lines + 2 * lineBytes);
  const scratch = arena.alloc((Math.ceil(window / 16) * 16 * 2 + 16) * 4);
  const slotBytes = Math.ceil(count / 16) * 64;
  const ring = arena.alloc((radius + 1) * slotBytes);
  const weights = arena.alloc(pairs.byteLength);
  new Int16Array(arena.memory.buffer, weights, pairs.length).set(pairs);
  const kept = arena.alloc(valueRowBytes(rect.width, channels));
  const rowBytes = Math.ceil((count * 2) / 32) * 32;
  const along = sampleBytes === 1 ? fixed.alongTwo : fixed.alongTwoWide;
  // Where the window's first sample and row stand in the source.
  const left = (rect.x - source.rect.x - radius) * channels;
  const top = rect.y - source.rect.y - radius;
  const start = Math.max(0, left);
  const end = Math.min(source.rect.width * channels, left + window);
  // Rows that hold the whole window are read where they are.
  const inPlace = left >= 0 && left + window <= source.rect.width * channels;
  const lineOf = (line: number, row: number) => {
    const from = source.address + row * source.strideBytes;
    if (inPlace && row >= 0 && row < source.rect.height) return from + left * sampleBytes;
    if (row < 0 || row >= source.rect.height || end <= start) memory.fill(0, line, line + lineBytes);
    else memory.copyWithin(line + (start - left) * sampleBytes, from + start * sampleBytes, from + end * sampleBytes);
    return line;
  };
  let filtered = 0;
  const push = () => {
    const upper = lineOf(lines, top + 2 * filtered);
    const lower = lineOf(lines + lineBytes, top + 2 * filtered + 1);
    along(upper, lower, ring + (filtered % (radius + 1)) * slotBytes, count, channels, weights, radius, scratch);
    filtered++;
  };
  while (filtered < radius) push();
  let next = 0;
  return (into, following) => {
    if (next % 2 === 1) {
      memory.copyWithin(into, kept, kept + rowBytes);
      next++;
      return 1;
    }
    push();
    fixed.acrossTwoWide(ring, (next / 2) % (radius + 1), into, following ?? kept, count, weights, radius);
    const written = following === undefined ? 1 : 2;
    next += written;
    return written;
  };
}
