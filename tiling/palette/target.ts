import { extname } from 'node:path';
import { badInput } from '../errors.js';
import { decodeText, readFileBytes } from '../text-file.js';
import { packRgb, type Rgb, unpackRgb } from './nearest-colour.js';
import { BINARY_PALETTES, TEXT_PALETTES } from './palette-parsers.js';

/** Colours beyond which a target is no palette but an image taken for one. */
export const MAX_TARGET_COLOURS = 4096;

/** Far more than so many colours take. */
const MAX_TARGET_BYTES = 16 << 20;

const WHAT = 'the target palette';
/** The endings of palette files that are no images, for people. */
export const PALETTE_ENDINGS = '.gpl, .hex, .pal, .act, .txt or .json';

/**
 * The colours of a palette file; undefined where its ending is none of a palette's, as of an image.
 * @throws HalotileError bad-input naming the line that is damaged
 */
export function readTarget(path: string): Rgb[] | undefined {
  if (!isPaletteFile(path)) return undefined;
  return parseTarget(readFileBytes(path, { what: WHAT, maxBytes: MAX_TARGET_BYTES }), path);
}

/** Whether a file is a palette and no image, by its ending. */
export function isPaletteFile(path: string): boolean {
  const ending = extname(path).toLowerCase();
  return Object.hasOwn(TEXT_PALETTES, ending) || Object.hasOwn(BINARY_PALETTES, ending);
}

/** Like {@link readTarget} for bytes that were read; the path says what they are. */
export function parseTarget(bytes: Uint8Array, path: string): Rgb[] {
  const ending = extname(path).toLowerCase();
  if (Object.hasOwn(BINARY_PALETTES, ending)) return BINARY_PALETTES[ending]!(bytes, path);
  // A palette of Windows has the same ending as one of Paint Shop Pro and is no text.
  const isRiff = ending === '.pal' && bytes[0] === 0x52;
  return TEXT_PALETTES[ending]!(isRiff ? 'RIFF' : decodeText(bytes, path, { what: WHAT }), path);
}

/**
 * The colours of interleaved 8-bit RGBA in reading order, each once, without alpha 0; stops after one more
 * than {@link MAX_TARGET_COLOURS}.
 */
export function coloursInReadingOrder(rgba: Uint8Array): Rgb[] {
  const seen = new Set<number>();
  for (let at = 0; at + 3 < rgba.length && seen.size <= MAX_TARGET_COLOURS; at += 4) {
    if (rgba[at + 3] !== 0) seen.add((rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!);
  }
  return [...seen].map(unpackRgb);
}

/**
 * Colours as a target palette: each once, at its first place.
 * @throws HalotileError bad-input where none are left or too many
 */
export function checkTarget(colours: readonly Rgb[], path: string): readonly Rgb[] {
  const unique = [...new Map(colours.map((each) => [packRgb(each), each])).values()];
  if (unique.length > 0 && unique.length <= MAX_TARGET_COLOURS) return unique;
  const what = unique.length === 0 ? `${WHAT} has no colour` : `${WHAT} has too many colours`;
  throw badInput({ what, file: path, expected: `1 to ${MAX_TARGET_COLOURS} colours` });
}
