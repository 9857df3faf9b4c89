import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import { findPalette } from '../../tiling/palette/palette.js';
import type { Runner } from './runner.js';

/** Finds the palette of counted colours. */
export const find: Runner<'find'> = async ({ data: { counts, options } }) => {
  return { value: findPalette(ColourCounts.fromBytes(counts), options), crc: 0 };
};
