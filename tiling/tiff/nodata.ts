import { INTEGER_MAX } from '../raster/dtype.js';
import type { Directory } from './directory.js';
import type { SampleFormat } from './sample-format.js';
import { TAG } from './tags.js';

/**
 * GDAL_NODATA as a value for each channel; undefined where the tag is absent, no number, or a number that the
 * sample type cannot hold and so no sample equals.
 */
export function readNodata(directory: Directory, format: SampleFormat): readonly number[] | undefined {
  const { dtype, channels, stored } = format;
  const value = leadingNumber(directory.text(TAG.gdalNodata) ?? '');
  if (value === undefined) return undefined;
  if (dtype === 'float32') {
    const sample = Math.fround(value);
    // No sample is a number beyond the type, which rounding would make an infinity; a double is rounded as well.
    const isRounded = stored !== undefined && stored.bits === 64;
    return isRounded || Number.isFinite(sample) === Number.isFinite(value)
      ? new Array<number>(channels).fill(sample)
      : undefined;
  }
  if (!Number.isInteger(value) || value < 0 || value > INTEGER_MAX[dtype]) return undefined;
  return new Array<number>(channels).fill(value);
}

/** What a 32-bit C library printed for NaN and infinity, the ends of the numbers after `1.#`. */
const MICROSOFT = /^([+-]?)1\.#(?:(inf)|(?:[qs]nan))|^-1\.#(?:ind)/i;
const NAN = /^[+-]?nan/i;
const INFINITE = /^([+-]?)inf(?:inity)?/i;
const HEXADECIMAL = /^([+-]?)0x(?:([0-9a-f]+)(?:\.([0-9a-f]*))?|\.([0-9a-f]+))(?:p([+-]?\d+))?/i;
const DECIMAL = /^[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?/i;

/**
 * The number that a text begins with, as GDAL reads it: C's strtod, with what Microsoft's C prints for NaN and
 * infinity, and a decimal comma. Undefined where it begins with none, for which C has 0: nobody means that.
 */
export function leadingNumber(text: string): number | undefined {
  return numberAtStart(text)?.value;
}

/** The number that a text is, with nothing but blanks around it, in the spellings of {@link leadingNumber}. */
export function wholeNumber(text: string): number | undefined {
  const number = numberAtStart(text);
  return number?.rest.trim() === '' ? number.value : undefined;
}

function numberAtStart(text: string): { readonly value: number; readonly rest: string } | undefined {
  const start = text.trimStart();
  const found = (match: RegExpExecArray, value: number) => ({ value, rest: start.slice(match[0].length) });
  const microsoft = MICROSOFT.exec(start);
  if (microsoft !== null) {
    const isInfinite = microsoft[2] !== undefined;
    return found(microsoft, isInfinite ? signed(microsoft[1], Number.POSITIVE_INFINITY) : Number.NaN);
  }
  const nan = NAN.exec(start);
  if (nan !== null) return found(nan, Number.NaN);
  const infinite = INFINITE.exec(start);
  if (infinite !== null) return found(infinite, signed(infinite[1], Number.POSITIVE_INFINITY));
  const hexadecimal = HEXADECIMAL.exec(start);
  if (hexadecimal !== null) {
    const [, sign, whole = '', after, fraction = after ?? '', exponent = '0'] = hexadecimal;
    const digits = Number.parseInt(`${whole}${fraction}`, 16);
    return found(hexadecimal, signed(sign, digits * 2 ** (Number(exponent) - 4 * fraction.length)));
  }
  const decimal = DECIMAL.exec(start);
  return decimal === null ? undefined : found(decimal, Number(decimal[0].replace(',', '.')));
}

function signed(sign: string | undefined, magnitude: number): number {
  return sign === '-' ? -magnitude : magnitude;
}
