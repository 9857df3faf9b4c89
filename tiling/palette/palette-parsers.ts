import { z } from 'zod';
import { badInput, type ErrorPlace } from '../errors.js';
import { type Rgb, unpackRgb } from './nearest-colour.js';

const byte = z.number().int().min(0).max(255);
const rgb = z.tuple([byte, byte, byte]);
const hexText = z.string().regex(/^#?[0-9a-fA-F]{6}$/);
const colour = z.union([rgb, hexText, z.object({ rgb })]);
const jsonPalette = z.union([z.array(colour), z.object({ colors: z.array(colour) })]);

/** An .act file: 256 colours, and of Photoshop's later ones how many count and which is clear. */
const ACT_COLOURS = 256;
const ACT_BYTES = ACT_COLOURS * 3;
/** What stands for "no entry is clear". */
const ACT_NONE = 0xffff;

/** The formats of palette files that are text, by file ending: a text and its path become colours, clear entries left out. */
export const TEXT_PALETTES: Readonly<Record<string, (text: string, path: string) => Rgb[]>> = {
  '.gpl': parseGpl,
  '.hex': parseHex,
  '.json': parseJson,
  '.pal': parseJasc,
  '.txt': parsePaintNet,
};

/** Those that are not. */
export const BINARY_PALETTES: Readonly<Record<string, (bytes: Uint8Array, path: string) => Rgb[]>> = {
  '.act': parseAct,
};

/**
 * GIMP's palette: "GIMP Palette", headers and comments, then one "R G B name" a line. After "Channels: RGBA", as
 * Aseprite writes it, a line is "R G B A name", and an entry of alpha 0 is no colour, like a clear pixel of an image.
 */
function parseGpl(text: string, path: string): Rgb[] {
  const lines = linesOf(text);
  if (lines[0]?.trim() !== 'GIMP Palette') {
    const expected = 'a palette of GIMP or Aseprite, whose first line says so';
    throw badInput({ what: 'no "GIMP Palette" in the first line', file: path, expected });
  }
  const colours: Rgb[] = [];
  let hasAlpha = false;
  lines.slice(1).forEach((line, index) => {
    if (/^\s*Channels:\s*RGBA\s*$/.test(line)) hasAlpha = true;
    if (/^\s*(#.*)?$|^\s*(Name|Columns|Channels):/.test(line)) return;
    const entry = hasAlpha
      ? /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)(?:\s|$)/.exec(line)
      : /^\s*(\d+)\s+(\d+)\s+(\d+)(?:\s|$)/.exec(line);
    colours.push(...decimal(entry, line, { file: path, where: `, line ${index + 2}` }, hasAlpha ? 'RGBA' : 'RGB'));
  });
  return colours;
}

/** One RRGGBB a line, with or without "#". */
function parseHex(text: string, path: string): Rgb[] {
  return linesOf(text).flatMap((line, index) => {
    const word = line.trim();
    if (word === '') return [];
    if (!hexText.safeParse(word).success) throw noColour(line, { file: path, where: `, line ${index + 1}` }, 'RRGGBB');
    return [fromHex(word)];
  });
}

/** `palette.json` as halotile writes it, or a list of [R, G, B] or "#RRGGBB", bare or as `colors`. */
function parseJson(text: string, path: string): Rgb[] {
  const expected = '{"colors": [{"rgb": [R, G, B]}, …]} or a list of [R, G, B] or "#RRGGBB"';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badInput({ what: 'the target palette is no JSON', file: path, expected }, error);
  }
  const palette = jsonPalette.safeParse(value);
  if (!palette.success) throw badInput({ what: 'the target palette has no list of colours', file: path, expected });
  const list = Array.isArray(palette.data) ? palette.data : palette.data.colors;
  return list.map((each) => {
    if (typeof each === 'string') return fromHex(each);
    return 'rgb' in each ? each.rgb : each;
  });
}

/**
 * Paint Shop Pro's palette: "JASC-PAL", "0100", the number of colours, then one "R G B" a line; "R G B A" where a
 * program keeps alpha, and an entry of alpha 0 is no colour.
 */
function parseJasc(text: string, path: string): Rgb[] {
  const [signature, version, counted, ...rest] = linesOf(text);
  const refuse = (line: number, what: string, expected: string) =>
    badInput({
      what,
      file: path,
      where: `, line ${line}`,
      expected,
      remedy: 'save it as JASC (Paint Shop Pro) palette',
    });
  if (signature?.trim() !== 'JASC-PAL') {
    const what = signature?.startsWith('RIFF') ? 'a RIFF palette of Windows' : `"${shown(signature)}" is no palette`;
    throw refuse(1, what, '"JASC-PAL"');
  }
  if (version?.trim() !== '0100') throw refuse(2, `"${shown(version)}" is no version of it`, '"0100"');
  if (!/^\s*\d{1,7}\s*$/.test(counted ?? ''))
    throw refuse(3, `"${shown(counted)}" is no number`, 'how many colours follow');
  const colours: Rgb[] = [];
  let entries = 0;
  rest.forEach((line, index) => {
    if (line.trim() === '') return;
    entries++;
    const entry = /^\s*(\d+)\s+(\d+)\s+(\d+)(?:\s+(\d+))?\s*$/.exec(line);
    colours.push(...decimal(entry, line, { file: path, where: `, line ${index + 4}` }, 'RGB'));
  });
  if (entries === Number(counted)) return colours;
  throw refuse(3, `${Number(counted)} colours are announced, and ${entries} follow`, 'as many as follow');
}

/** paint.net's palette: one AARRGGBB a line, comments from ";"; an entry of alpha 00 is no colour. */
function parsePaintNet(text: string, path: string): Rgb[] {
  return linesOf(text).flatMap((line, index) => {
    const word = line.replace(/;.*/, '').trim();
    if (word === '') return [];
    if (!/^[0-9a-fA-F]{8}$/.test(word)) throw noColour(line, { file: path, where: `, line ${index + 1}` }, 'AARRGGBB');
    return word.startsWith('00') ? [] : [fromHex(word.slice(2))];
  });
}

/**
 * Photoshop's colour table: 256 times R, G, B as bytes; in files of 772 bytes then how many of them count and which is
 * clear, 16 bits each, big-endian. An older file of 768 bytes cannot say how many count: all do.
 */
function parseAct(bytes: Uint8Array, path: string): Rgb[] {
  if (bytes.length !== ACT_BYTES && bytes.length !== ACT_BYTES + 4) {
    const expected = `${ACT_BYTES} or ${ACT_BYTES + 4} bytes, as Photoshop writes a colour table`;
    throw badInput({ what: `${bytes.length} bytes are no .act palette`, file: path, expected });
  }
  const word = (at: number) => (bytes[at]! << 8) | bytes[at + 1]!;
  const [count, clear] = bytes.length === ACT_BYTES ? [0, ACT_NONE] : [word(ACT_BYTES), word(ACT_BYTES + 2)];
  if (count > ACT_COLOURS) {
    const expected = `at most ${ACT_COLOURS}`;
    throw badInput({ what: `${count} colours are announced`, file: path, where: `, byte ${ACT_BYTES}`, expected });
  }
  // Some programs write 0 where all count.
  const colours = Array.from({ length: count || ACT_COLOURS }, (_, index): Rgb => {
    return [bytes[index * 3]!, bytes[index * 3 + 1]!, bytes[index * 3 + 2]!];
  });
  return colours.filter((_, index) => index !== clear);
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, '').split(/\r?\n/);
}

/** The colour of a matched "R G B" or "R G B A"; none where alpha is 0. */
function decimal(match: RegExpExecArray | null, line: string, place: ErrorPlace, channels: 'RGB' | 'RGBA'): Rgb[] {
  const values = match?.slice(1).flatMap((text) => (text === undefined ? [] : [Number(text)]));
  if (values === undefined || values.some((value) => value > 255)) {
    throw noColour(line, place, `${channels === 'RGBA' ? 'four' : 'three'} values from 0 to 255`);
  }
  const [red, green, blue, alpha] = values;
  return alpha === 0 ? [] : [[red!, green!, blue!]];
}

function noColour(line: string, place: ErrorPlace, expected: string) {
  return badInput({ what: `"${shown(line)}" is no colour`, ...place, expected });
}

/** A line as a message quotes it: not a whole file that has no line ends, nor bytes that are no text. */
function shown(line = ''): string {
  const text = line.trim().replaceAll(/[\p{Cc}\uFFFD]/gu, '?');
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function fromHex(text: string): Rgb {
  return unpackRgb(Number.parseInt(text.replace('#', ''), 16));
}
