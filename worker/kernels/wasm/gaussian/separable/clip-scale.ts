import { floatRowBytes } from '../../../../../tiling/operations/scratch.js';
import type { TileRaster } from '../../../kernel.js';
import type { WasmArena } from '../../memory/arena.js';

/** What makes up for cut windows: float32 factors of an output row's samples in memory, and one for each row. */
export interface ClipScale {
  readonly columns: number;
  /** The factor around an input row. */
  readonly row: (centre: number) => number;
}

/**
 * Factors that make up for the weights that border `clip` cuts off windows of symmetric `taps`; undefined where
 * nothing is cut.
 */
export function clipScale(
  arena: WasmArena,
  taps: Float64Array,
  { input, output }: { readonly input: TileRaster; readonly output: TileRaster },
): ClipScale | undefined {
  const radius = taps.length - 1;
  const left = output.rect.x - input.rect.x;
  const top = output.rect.y - input.rect.y;
  const right = input.rect.width - left - output.rect.width;
  const bottom = input.rect.height - top - output.rect.height;
  if (Math.min(left, top, right, bottom) >= radius) return undefined;
  const inverse = (centre: number, length: number) => {
    if (centre >= radius && centre + radius < length) return 1;
    let sum = 0;
    for (let k = -radius; k <= radius; k++) if (centre + k >= 0 && centre + k < length) sum += taps[Math.abs(k)]!;
    return 1 / sum;
  };
  const { channels } = output;
  const count = output.rect.width * channels;
  const columns = arena.alloc(floatRowBytes(count));
  const factors = new Float32Array(arena.memory.buffer, columns, count);
  for (let i = 0; i < count; i++) factors[i] = inverse(left + Math.floor(i / channels), input.rect.width);
  return { columns, row: (centre: number) => inverse(centre, input.rect.height) };
}
