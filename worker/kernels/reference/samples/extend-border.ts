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

  const beyond = columnsBeyond(rect, inside);
  // Where each of them is read, in samples of a row.
  const sources = beyond.map((x) => {
    return border === 'constant' ? 0 : (extendedIndex(x, image.width, border) - rect.x) * channels;
  });
  for (let y = inside.y; y < inside.y + inside.height; y++) {
    const row = (y - rect.y) * stride;
    for (let i = 0; i < beyond.length; i++) {
      const to = row + (beyond[i]! - rect.x) * channels;
      const from = row + sources[i]!;
      for (let c = 0; c < channels; c++) samples[to + c] = border === 'constant' ? value : samples[from + c]!;
    }
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

/** Columns of a raster that its image lacks. */
function columnsBeyond(rect: Rect, inside: Rect): number[] {
  const columns: number[] = [];
  for (let x = rect.x; x < rect.x + rect.width; x++) {
    if (x < inside.x || x >= inside.x + inside.width) columns.push(x);
  }
  return columns;
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
