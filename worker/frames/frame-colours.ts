import { badInput } from '../../tiling/errors.js';
import type { Samples } from '../../tiling/raster/dtype.js';
import { alphaChannel, colourChannels } from '../../tiling/raster/extra-samples.js';
import type { RasterInfo } from '../../tiling/raster/raster-info.js';

/** How the samples of an image become colours. */
export type ColourLayout = Pick<RasterInfo, 'channels' | 'dtype' | 'photometric' | 'alpha' | 'extraSamples'>;

/**
 * Refuses images whose samples are no colours of 8 or 16 bits.
 * @throws HalotileError bad-input
 */
export function checkColours({ channels, dtype, photometric }: ColourLayout, path: string): void {
  if (dtype === 'float32') {
    throw badInput({
      what: 'float32 samples are no colours',
      file: path,
      expected: 'uint8 or uint16',
      remedy: 'let the chain end in integers: dtype: uint8',
    });
  }
  if (channels <= 4 && photometric <= 2) return;
  throw badInput({
    what: `${channels} channels of photometric kind ${photometric}`,
    file: path,
    expected: 'grey or RGB',
  });
}

/**
 * Writes `count` pixels as 8-bit RGBA: 16 bits become 8 by dropping the low byte, grey is repeated, white-is-zero is
 * turned round. Alpha is the channel that the file calls so, and 255 where it calls none so; colours that are multiplied
 * by it are divided again. `picks` are the pixels to take, in samples' own order.
 */
export function toRgba(
  samples: Samples,
  layout: ColourLayout,
  picks: Iterable<number>,
  into: Uint8Array,
  at = 0,
): void {
  const { channels, dtype, photometric } = layout;
  const drop = dtype === 'uint16' ? 8 : 0;
  const colours = colourChannels(layout) < 3 ? 0 : 1;
  const flip = photometric === 0 ? 255 : 0;
  const alpha = alphaChannel(layout);
  const alphaAt = alpha?.channel ?? -1;
  let to = at;
  for (const pick of picks) {
    const from = pick * channels;
    into[to] = (samples[from]! >> drop) ^ flip;
    into[to + 1] = (samples[from + colours]! >> drop) ^ flip;
    into[to + 2] = (samples[from + 2 * colours]! >> drop) ^ flip;
    into[to + 3] = alphaAt < 0 ? 255 : samples[from + alphaAt]! >> drop;
    to += 4;
  }
  if (alpha?.kind === 'associated') undoAlpha(into.subarray(at, to), flip);
}

/** Divides colours by their alpha: c·255/a, rounded half up; a clear pixel has none and stays. */
function undoAlpha(rgba: Uint8Array, flip: number): void {
  for (let at = 0; at < rgba.length; at += 4) {
    const alpha = rgba[at + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    // Colours were multiplied as they were stored, white or black being 0.
    for (let c = at; c < at + 3; c++)
      rgba[c] = Math.min(255, Math.floor(((rgba[c]! ^ flip) * 255) / alpha + 0.5)) ^ flip;
  }
}
