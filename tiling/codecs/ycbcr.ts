import type { StoredChroma, YcbcrMeaning } from '../raster/ycbcr-meaning.js';

const SHIFT = 16;
const HALF = 1 << (SHIFT - 1);
/** As libtiff: what out of range codes may reach. */
const FAR = 128 * 32;

interface Tables {
  readonly luma: Int32Array;
  readonly redOfCr: Int32Array;
  readonly blueOfCb: Int32Array;
  /** These two in 16 bits after the point. */
  readonly greenOfCr: Int32Array;
  readonly greenOfCb: Int32Array;
}

/** The last ones made: those of all blocks of an image are the same. */
let made: { readonly meaning: YcbcrMeaning; readonly tables: Tables } | undefined;

/** Interleaved YCbCr of 8 bits becomes RGB in place, as libtiff's `TIFFYCbCrtoRGB` has it, with its rounding. */
export function toRgb(pixels: Uint8Array, meaning: YcbcrMeaning): void {
  if (made?.meaning !== meaning) made = { meaning, tables: tablesOf(meaning) };
  const { luma, redOfCr, blueOfCb, greenOfCr, greenOfCb } = made.tables;
  for (let i = 0; i < pixels.length; i += 3) {
    const [y, cb, cr] = [luma[pixels[i]!]!, pixels[i + 1]!, pixels[i + 2]!];
    pixels[i] = clamped(y + redOfCr[cr]!);
    pixels[i + 1] = clamped(y + ((greenOfCb[cb]! + greenOfCr[cr]!) >> SHIFT));
    pixels[i + 2] = clamped(y + blueOfCb[cb]!);
  }
}

function clamped(value: number): number {
  return Math.min(255, Math.max(0, value));
}

/** The interleaved YCbCr of a block's units, each Cb and Cr repeated, as libtiff does it. */
export function spreadChroma(
  units: Uint8Array,
  { across, down }: StoredChroma,
  { width, height }: { readonly width: number; readonly height: number },
): Uint8Array {
  const unitBytes = across * down + 2;
  const unitsAcross = Math.ceil(width / across);
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0, into = 0; y < height; y++) {
    const row = Math.floor(y / down) * unitsAcross;
    for (let x = 0; x < width; x++, into += 3) {
      const unit = (row + Math.floor(x / across)) * unitBytes;
      pixels[into] = units[unit + (y % down) * across + (x % across)]!;
      pixels[into + 1] = units[unit + unitBytes - 2]!;
      pixels[into + 2] = units[unit + unitBytes - 1]!;
    }
  }
  return pixels;
}

/** `TIFFYCbCrToRGBInit` of libtiff, in the 32-bit floats that it takes. */
function tablesOf({ luma: [red, green, blue], reference }: YcbcrMeaning): Tables {
  const fround = Math.fround;
  const [r, g, b] = [fround(red), fround(green), fround(blue)];
  const ofCr = fround(2 - 2 * r);
  const ofCb = fround(2 - 2 * b);
  const redFactor = fixed(ofCr);
  const greenFactorCr = -fixed(fround(fround(r * ofCr) / g));
  const blueFactor = fixed(ofCb);
  const greenFactorCb = -fixed(fround(fround(b * ofCb) / g));
  const [black, white, cbBlack, cbWhite, crBlack, crWhite] = reference.map((code) => fround(code)) as number[];
  const codes = Array.from({ length: 256 }, (_, code) => code);
  const chroma = (code: number, from: number, to: number) =>
    Math.trunc(limited(meantBy(code - 128, fround(from - 128), fround(to - 128), 127)));
  const cr = codes.map((code) => chroma(code, crBlack!, crWhite!));
  const cb = codes.map((code) => chroma(code, cbBlack!, cbWhite!));
  return {
    luma: Int32Array.from(codes, (code) => Math.trunc(limited(meantBy(code, black!, white!, 255)))),
    redOfCr: Int32Array.from(cr, (value) => (redFactor * value + HALF) >> SHIFT),
    blueOfCb: Int32Array.from(cb, (value) => (blueFactor * value + HALF) >> SHIFT),
    greenOfCr: Int32Array.from(cr, (value) => greenFactorCr * value),
    greenOfCb: Int32Array.from(cb, (value) => greenFactorCb * value + HALF),
  };
}

function fixed(factor: number): number {
  return Math.trunc(Math.min(2, Math.max(0, factor)) * (1 << SHIFT) + 0.5);
}

/** What a code stands for between its black and its white. */
function meantBy(code: number, black: number, white: number, range: number): number {
  const width = Math.fround(white - black);
  return Math.fround(Math.fround((code - Math.trunc(black)) * range) / (width === 0 ? 1 : width));
}

function limited(value: number): number {
  return Math.min(FAR, Math.max(-FAR, value));
}
