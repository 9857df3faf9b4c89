import { badInput } from '../../tiling/errors.js';
import type { Samples } from '../../tiling/raster/dtype.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';

/** How the samples of an image become colours. */
export type ColourLayout = Pick<RasterInfo, 'channels' | 'dtype' | 'photometric'>;

/**
 * Refuses images whose samples are no colours of 8 or 16 bits.
 * @throws HalotileError bad-input
 */
export function checkColours({ channels, dtype, photometric }: ColourLayout, where: string): void {
  if (dtype === 'float32') {
    throw badInput({
      what: 'float32 samples are no colours',
      where,
      expected: 'uint8 or uint16',
      remedy: 'let the chain end in integers: dtype: uint8',
    });
  }
  if (channels <= 4 && photometric <= 2) return;
  throw badInput({ what: `${channels} channels of photometric kind ${photometric}`, where, expected: 'grey or RGB' });
}

/**
 * Writes `count` pixels as 8-bit RGBA: 16 bits become 8 by dropping the low byte, grey is repeated, a second or
 * fourth channel is alpha, missing alpha is 255. `picks` are the pixels to take, in samples' own order.
 */
export function toRgba(
  samples: Samples,
  { channels, dtype }: ColourLayout,
  picks: Iterable<number>,
  into: Uint8Array,
  at = 0,
): void {
  const drop = dtype === 'uint16' ? 8 : 0;
  const colours = channels < 3 ? 0 : 1;
  const alpha = channels === 2 ? 1 : channels === 4 ? 3 : -1;
  let to = at;
  for (const pick of picks) {
    const from = pick * channels;
    into[to] = samples[from]! >> drop;
    into[to + 1] = samples[from + colours]! >> drop;
    into[to + 2] = samples[from + 2 * colours]! >> drop;
    into[to + 3] = alpha < 0 ? 255 : samples[from + alpha]! >> drop;
    to += 4;
  }
}
