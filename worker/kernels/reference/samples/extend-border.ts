import { intersect, type Rect, rectOf, type Size } from '../../../../tiling/geometry/rect.js';
import type { Border } from '../../../../tiling/operations/index.js';
import { toSample } from '../../../../tiling/raster/dtype.js';
import type { TileRaster } from '../../kernel.js';

/** What fills a raster beyond its image. */
export interface BorderExtension {
  readonly border: Border;
  /** For `constant`; stored as a sample of every channel. */
  readonly constantValue: number;
}

/**
 * Fills the pixels of `raster` that lie beyond the image, in place, from those inside, which are filled
 * already: SciPy's nearest (aaa|abc|ccc), reflect (cba|abc|cba), mirror (cb|abc|ba) or constant, repeated
 * where the image is smaller than the margin. `clip` fills nothing. The raster must hold the pixels that it
 * reflects, which an output rect grown evenly by a reach always does.
 */
export function extendBorder(raster: TileRaster, image: Size, { border, constantValue }: BorderExtension): void {
  if (border === 'clip') return;
  if (raster.valid !== undefined) {
    const valid = { rect: raster.rect, dtype: 'uint8', channels: 1, samples: raster.valid } as const;
    // The constant beyond the image is no masked pixel.
    extendBorder({ ...valid, stride: raster.stride / raster.channels }, image, { border, constantValue: 255 });
  }
  const { rect, channels, stride, samples, dtype } = raster;
  const inside = intersect(rect, rectOf(image));
  const value = toSample(dtype, constantValue);
  const rowLength = rect.width * channels;

  const left = (inside.x - rect.x) * channels;
  const right = left + inside.width * channels;
  const [into, from] = columnsBeyond(raster, image, inside, border === 'constant' ? 'nearest' : border);
  for (let row = (inside.y - rect.y) * stride, end = row + inside.height * stride; row < end; row += stride) {
    if (border === 'constant') {
      samples.fill(value, row, row + left).fill(value, row + right, row + rowLength);
    } else for (let i = 0; i < into.length; i++) samples[row + into[i]!] = samples[row + from[i]!]!;
  }
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    if (y === inside.y) y += inside.height;
    if (y >= rect.y + rect.height) break;
    const to = (y - rect.y) * stride;
    if (border === 'constant') samples.fill(value, to, to + rowLength);
    else {
      const from = (extendedIndex(y, image.height, border) - rect.y) * stride;
      samples.copyWithin(to, from, from + rowLength);
    }
  }
}

/** The samples of a row that the image lacks, and where in it each of them is read. */
function columnsBeyond(
  { rect, channels }: TileRaster,
  image: Size,
  inside: Rect,
  border: 'nearest' | 'reflect' | 'mirror',
): [Int32Array, Int32Array] {
  const into: number[] = [];
  const from: number[] = [];
  for (let x = rect.x; x < rect.x + rect.width; x++) {
    if (x >= inside.x && x < inside.x + inside.width) continue;
    const read = extendedIndex(x, image.width, border) - rect.x;
    for (let c = 0; c < channels; c++) {
      into.push((x - rect.x) * channels + c);
      from.push(read * channels + c);
    }
  }
  return [Int32Array.from(into), Int32Array.from(from)];
}

/** Where a line of `length` samples is read for index `i` beyond it. */
export function extendedIndex(i: number, length: number, border: 'nearest' | 'reflect' | 'mirror'): number {
  switch (border) {
    case 'nearest':
      return Math.min(Math.max(i, 0), length - 1);
    case 'reflect': {
      const j = modulo(i, 2 * length);
      return j < length ? j : 2 * length - 1 - j;
    }
    case 'mirror': {
      if (length === 1) return 0;
      const j = modulo(i, 2 * length - 2);
      return j < length ? j : 2 * length - 2 - j;
    }
  }
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
