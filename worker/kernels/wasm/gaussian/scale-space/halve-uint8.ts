import { halvedRect } from '../../../../../tiling/operations/pyramid.js';
import type { TileRaster } from '../../../kernel.js';
import { type LanePlane, planeRow, reservePlane, type ScaleSpaceModules } from './planes.js';

/** Pixels of 0 on both sides of a folded row: points beyond the image's edge reach that far. */
const MARGIN = 8;

/**
 * What `decimate` makes of a uint8 tile, without laying out its full grid: columns of bytes are summed first, as
 * 16-bit integers, then every second pixel of the row.
 */
export function halveUint8({ arena, scaleSpace }: ScaleSpaceModules, input: TileRaster): LanePlane {
  const { rect, channels } = input;
  const halved = halvedRect(rect);
  const plane = reservePlane(arena, halved);
  const mark = arena.mark();
  const bytes = new Uint8Array(arena.memory.buffer);
  const count = rect.width * channels;
  const margin = MARGIN * channels * 2;
  const folded = arena.alloc(count * 2 + 2 * margin + 64);
  const zero = arena.alloc(count + 16);
  bytes.fill(0, zero, zero + count + 16);
  bytes.fill(0, folded, folded + margin);
  const end = folded + margin + count * 2;
  const source = arena.addressOf(input.samples);
  const rowAt = (row: number) => (row < 0 || row >= rect.height ? zero : source + row * input.stride);
  // A point's sum begins two pixels before it.
  const first = folded + margin + (2 * halved.x - rect.x - 2) * channels * 2;
  for (let j = 0; j < halved.height; j++) {
    const c = 2 * (halved.y + j) - rect.y;
    scaleSpace.foldUint8(rowAt(c - 2), rowAt(c - 1), rowAt(c), rowAt(c + 1), rowAt(c + 2), folded + margin, count);
    bytes.fill(0, end, end + margin + 48);
    scaleSpace.halveFolded(first, planeRow(plane, j), halved.width, channels);
  }
  arena.release(mark);
  return plane;
}
