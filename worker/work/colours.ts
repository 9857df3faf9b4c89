import { readFileSync } from 'node:fs';
import { coloursInReadingOrder } from '../../tiling/palette/target.js';
import { decodeFrame } from '../frames/decode-frame.js';
import { unreadable } from '../frames/picture.js';
import type { Runner } from './runner.js';

/** Reads an image for its colours. */
export const colours: Runner<'colours'> = async ({ data: { path } }) => {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  return { value: coloursInReadingOrder((await decodeFrame(bytes, path, null)).rgba), crc: 0 };
};
