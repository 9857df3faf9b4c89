import { coloursInReadingOrder } from '../../tiling/palette/target.js';
import { loadFrame } from '../frames/load-frame.js';
import type { Runner } from './runner.js';

/** Its colours are those that frames have, in whatever way its file says them; it is small, as palettes are. */
const AS_FRAME = { chain: null, size: null, wholePixels: Number.POSITIVE_INFINITY };

/** Reads an image for its colours. */
export const colours: Runner<'colours'> = async ({ data: { path } }) => {
  const loaded = await loadFrame({ index: 0, path }, AS_FRAME);
  // None is too large: the caller has looked at its size, and that no limit is set says so.
  if (!('frame' in loaded)) throw new Error(`${path} is taken whole, whatever its size`);
  return { value: coloursInReadingOrder(loaded.frame.rgba), crc: 0 };
};
