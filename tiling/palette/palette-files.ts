import type { Size } from '../geometry/rect.js';
import type { Rgb } from './nearest-colour.js';
import type { Palette } from './palette.js';
import type { PALETTE_FORMATS, PaletteOptions } from './palette-options.js';

/** Side of one square of a swatch image, pixels. */
const SWATCH = 16;
/** Squares in a row of a swatch image. */
const ACROSS = 16;

/** What a palette was made for and with, as `palette.json` says it. */
export interface PaletteOrigin {
  readonly character: string;
  readonly frames: number;
  readonly size: Size | null;
  readonly options: PaletteOptions;
  /** The target palette, and for each palette colour its index there. */
  readonly target: {
    readonly source: string;
    readonly colors: readonly Rgb[];
    readonly mapping: readonly number[];
  } | null;
  readonly version: string;
}

/** The text of `palette.json`: `colors`, `bandwidth`, `error`, the options and the version. */
export function paletteJson(palette: Palette, origin: PaletteOrigin): string {
  const { colors, ...found } = palette;
  const lines = colors.map((colour) => `    ${JSON.stringify(colour)}`).join(',\n');
  const rest = JSON.stringify({ ...found, ...origin }, null, 2).slice(2);
  return `{\n  "colors": [\n${lines}\n  ],\n${rest}\n`;
}

/** The text of a GIMP palette; a colour's name is its hexadecimal form. */
export function paletteGpl(name: string, colours: readonly Rgb[]): string {
  const line = (rgb: Rgb) => `${rgb.map((value) => String(value).padStart(3)).join(' ')}\t${hexOf(rgb)}`;
  const title = name.replaceAll(/[\r\n]/g, ' ');
  return ['GIMP Palette', `Name: ${title}`, `Columns: ${ACROSS}`, '#', ...colours.map(line), ''].join('\n');
}

/** The palette in each further form, as the program writes it that the form is of. */
export const PALETTE_WRITERS: Readonly<
  Record<(typeof PALETTE_FORMATS)[number], (colours: readonly Rgb[]) => string | Uint8Array>
> = {
  hex: (colours) => colours.map((rgb) => `${digitsOf(rgb)}\n`).join(''),
  pal: (colours) => ['JASC-PAL', '0100', colours.length, ...colours.map((rgb) => rgb.join(' ')), ''].join('\r\n'),
  act: paletteAct,
  txt: (colours) =>
    ['; paint.net Palette File', ...colours.map((rgb) => `FF${digitsOf(rgb).toUpperCase()}`), ''].join('\r\n'),
};

/** Photoshop's colour table of at most 256 colours: 772 bytes, no entry of them clear. */
function paletteAct(colours: readonly Rgb[]): Uint8Array {
  const bytes = new Uint8Array(772);
  bytes.set(colours.flat());
  bytes.set([colours.length >> 8, colours.length & 255, 0xff, 0xff], 768);
  return bytes;
}

function digitsOf(rgb: Rgb): string {
  return hexOf(rgb).slice(1);
}

/** A colour as "#rrggbb". */
export function hexOf(rgb: Rgb): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/**
 * Swatches, RGBA: squares of 16 pixels, 16 in a row, in the palette's order, clear where a row is not full.
 * Read as a target palette, the image gives the same colours in the same order.
 */
export function swatchImage(colours: readonly Rgb[]): { readonly rgba: Uint8Array; readonly size: Size } {
  const across = Math.min(ACROSS, colours.length);
  const size = { width: across * SWATCH, height: Math.ceil(colours.length / across) * SWATCH };
  const rgba = new Uint8Array(size.width * size.height * 4);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      const colour = colours[Math.floor(y / SWATCH) * across + Math.floor(x / SWATCH)];
      if (colour !== undefined) rgba.set([...colour, 255], (y * size.width + x) * 4);
    }
  }
  return { rgba, size };
}
