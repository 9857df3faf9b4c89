import { INTEGER_MAX } from '../raster/dtype.js';
import type { Directory } from './directory.js';
import type { SampleFormat } from './sample-format.js';
import { TAG } from './tags.js';

/**
 * GDAL_NODATA as a value for each channel; undefined where the tag is absent, no number, or a number that the
 * sample type cannot hold and so no sample equals.
 */
export function readNodata(directory: Directory, { dtype, channels }: SampleFormat): readonly number[] | undefined {
  const text = directory.text(TAG.gdalNodata)?.trim();
  if (text === undefined || text === '') return undefined;
  const value = parseNumber(text);
  if (value === undefined) return undefined;
  if (dtype === 'float32') return new Array<number>(channels).fill(Math.fround(value));
  if (!Number.isInteger(value) || value < 0 || value > INTEGER_MAX[dtype]) return undefined;
  return new Array<number>(channels).fill(value);
}

/** A number as C's strtod reads it, which is how GDAL writes it. */
function parseNumber(text: string): number | undefined {
  if (/^[+-]?nan/i.test(text)) return Number.NaN;
  if (/^[+-]?inf/i.test(text)) return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const value = Number(text);
  return Number.isNaN(value) ? undefined : value;
}
