import { extname } from 'node:path';
import { z } from 'zod';
import { badInput } from '../errors.js';
import { readTextFile } from '../text-file.js';
import { packRgb, type Rgb, unpackRgb } from './remap.js';

/** Colours beyond which a target is no palette but an image taken for one. */
export const MAX_TARGET_COLOURS = 4096;

/** Far more than so many colours take. */
const MAX_TARGET_BYTES = 16 << 20;

const EXPECTED = 'a palette of 1 to 4096 colours as .png, .gpl, .hex or .json';

const byte = z.number().int().min(0).max(255);
const rgb = z.tuple([byte, byte, byte]);
const hexText = z.string().regex(/^#?[0-9a-fA-F]{6}$/);
const colour = z.union([rgb, hexText, z.object({ rgb })]);
const jsonPalette = z.union([z.array(colour), z.object({ colors: z.array(colour) })]);

/** The formats of target palettes that are text, by file ending. */
const TEXT_TARGETS = {
  '.gpl': parseGpl,
  '.hex': parseHex,
  '.json': parseJson,
} as const;

/**
 * The colours of a palette file that is text; undefined where its ending is none of .gpl, .hex and .json.
 * @throws HalotileError bad-input
 */
export function readTextTarget(path: string): Rgb[] | undefined {
  if (!isTextPalette(path)) return undefined;
  return parseTextTarget(readTextFile(path, { what: 'the target palette', maxBytes: MAX_TARGET_BYTES }), path);
}

/** Whether a palette file is text, by its ending. */
export function isTextPalette(path: string): boolean {
  return Object.hasOwn(TEXT_TARGETS, extname(path).toLowerCase());
}

/** Like {@link readTextTarget} for a text that was read; the path says what it is. */
export function parseTextTarget(text: string, path: string): Rgb[] {
  return TEXT_TARGETS[extname(path).toLowerCase() as keyof typeof TEXT_TARGETS](text, path);
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
  const what = unique.length === 0 ? 'the target palette has no colour' : 'the target palette has too many colours';
  throw badInput({ what, where: path, expected: EXPECTED });
}

/**
 * GIMP's palette: "GIMP Palette", headers and comments, then one "R G B name" a line. After "Channels: RGBA", as
 * Aseprite writes it, a line is "R G B A name", and an entry of alpha 0 is no colour, like a clear pixel of an image.
 */
function parseGpl(text: string, path: string): Rgb[] {
  const lines = text.split(/\r?\n/);
  if (lines[0]?.replace(/^\uFEFF/, '').trim() !== 'GIMP Palette') {
    throw badInput({ what: 'no "GIMP Palette" in the first line', where: path, expected: EXPECTED });
  }
  const colours: Rgb[] = [];
  let hasAlpha = false;
  lines.slice(1).forEach((line, index) => {
    if (/^\s*Channels:\s*RGBA\s*$/.test(line)) hasAlpha = true;
    if (/^\s*(#.*)?$|^\s*(Name|Columns|Channels):/.test(line)) return;
    const numbers = /^\s*(\d+)\s+(\d+)\s+(\d+)(\s|$)/.exec(line)?.slice(1, 4).map(Number);
    const entry = checked(rgb, numbers, line, `${path}, line ${index + 2}`);
    if (!(hasAlpha && /^\s*(?:\d+\s+){3}0+(\s|$)/.test(line))) colours.push(entry);
  });
  return colours;
}

/** One RRGGBB a line, with or without "#". */
function parseHex(text: string, path: string): Rgb[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const word = line.replace(/^\uFEFF/, '').trim();
    return word === '' ? [] : [fromHex(checked(hexText, word, line, `${path}, line ${index + 1}`))];
  });
}

/** `palette.json` as halotile writes it, or a list of [R, G, B] or "#RRGGBB", bare or as `colors`. */
function parseJson(text: string, path: string): Rgb[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badInput({ what: 'the target palette is no JSON', where: path, expected: EXPECTED }, error);
  }
  const palette = jsonPalette.safeParse(value);
  if (!palette.success) {
    const expected = '{"colors": [{"rgb": [R, G, B]}, …]} or a list of [R, G, B] or "#RRGGBB"';
    throw badInput({ what: 'the target palette has no list of colours', where: path, expected });
  }
  const list = Array.isArray(palette.data) ? palette.data : palette.data.colors;
  return list.map((each) => {
    if (typeof each === 'string') return fromHex(each);
    return 'rgb' in each ? each.rgb : each;
  });
}

function checked<T>(schema: z.ZodType<T>, value: unknown, line: string, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badInput({ what: `"${line.trim()}" is no colour`, where, expected: 'three values from 0 to 255' });
}

function fromHex(text: string): Rgb {
  return unpackRgb(Number.parseInt(text.replace('#', ''), 16));
}
