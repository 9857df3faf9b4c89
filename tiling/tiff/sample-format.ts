import { badInput } from '../errors.js';
import type { DType } from '../raster/dtype.js';
import type { AlphaKind } from '../raster/raster-info.js';
import type { Directory } from './directory.js';
import { TAG } from './tags.js';

/** What the samples of a TIFF image are. */
export interface SampleFormat {
  readonly dtype: DType;
  readonly channels: number;
  readonly alpha: AlphaKind;
  /** What each channel beyond the colours is. */
  readonly extraSamples: readonly number[];
  /** As stored: 6 is YCbCr. */
  readonly storedPhotometric: number;
}

const MAX_CHANNELS = 4096;
const FORMAT_NAMES: Readonly<Record<number, string>> = {
  1: 'unsigned integer',
  2: 'signed integer',
  3: 'floating point',
  5: 'complex integer',
  6: 'complex floating point',
};
const PHOTOMETRIC_NAMES: Readonly<Record<number, string>> = {
  3: 'palette colour',
  4: 'transparency mask',
  8: 'CIE L*a*b*',
  9: 'ICC L*a*b*',
  10: 'ITU L*a*b*',
  32803: 'colour filter array',
  34892: 'linear raw',
};
/** Channels that a photometric interpretation has without extra ones. */
const COLOUR_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 5: 4, 6: 3 };

/**
 * The sample type, channels and colour of a directory.
 * @throws bad-input for what halotile does not filter, with the way to convert it
 */
export function readSampleFormat(directory: Directory): SampleFormat {
  const channels = directory.integer(TAG.samplesPerPixel, 1);
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw refuse(directory, `${channels} samples per pixel (tag 277)`, `1 to ${MAX_CHANNELS}`);
  }
  const storedPhotometric = directory.integer(TAG.photometric, channels >= 3 ? 2 : 1);
  const colours = COLOUR_CHANNELS[storedPhotometric];
  if (colours === undefined) {
    const name = PHOTOMETRIC_NAMES[storedPhotometric] ?? 'unknown';
    const remedy =
      storedPhotometric === 3
        ? 'expand it: gdal_translate -expand rgb IN OUT'
        : 'convert it: vips colourspace IN OUT srgb';
    throw refuse(
      directory,
      `photometric interpretation ${storedPhotometric}, ${name} (tag 262)`,
      'grey or RGB',
      remedy,
    );
  }
  if (channels < colours) {
    throw refuse(directory, `${channels} channels under photometric interpretation ${storedPhotometric}`, `${colours}`);
  }
  if (directory.integer(TAG.fillOrder, 1) !== 1) {
    throw refuse(
      directory,
      'bits stored lowest first (tag 266)',
      'fill order 1',
      'rewrite it: tiffcp -f msb2lsb IN OUT',
    );
  }
  const extraSamples = readExtraSamples(directory, channels - colours);
  const last = extraSamples.at(-1);
  return {
    dtype: readDType(directory, channels),
    channels,
    alpha: last === 2 ? 'unassociated' : last === 1 ? 'associated' : 'none',
    extraSamples,
    storedPhotometric,
  };
}

/**
 * The format of a transparency mask and the bits of its samples, one channel of 1 or 8.
 * @throws bad-input for any other
 */
export function readMaskFormat(directory: Directory): SampleFormat & { readonly bits: 1 | 8 } {
  const channels = directory.integer(TAG.samplesPerPixel, 1);
  const bits = directory.integer(TAG.bitsPerSample, 1);
  const remedy = 'use --mask ignore, or write it anew: gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES IN OUT';
  if (channels !== 1 || (bits !== 1 && bits !== 8) || directory.integer(TAG.sampleFormat, 1) !== 1) {
    throw refuse(directory, `a mask of ${channels} channels of ${bits} bits`, 'one channel of 1 or 8 bits', remedy);
  }
  if (directory.integer(TAG.fillOrder, 1) !== 1) {
    throw refuse(directory, 'a mask whose bits are stored lowest first (tag 266)', 'fill order 1', remedy);
  }
  return { dtype: 'uint8', channels, alpha: 'none', extraSamples: [], storedPhotometric: 1, bits };
}

function readDType(directory: Directory, channels: number): DType {
  const bits = uniform(directory, TAG.bitsPerSample, 1, channels, 'bits per sample (tag 258)');
  const stored = uniform(directory, TAG.sampleFormat, 1, channels, 'sample format (tag 339)');
  const format = stored === 4 ? 1 : stored;
  if (format === 1 && bits === 8) return 'uint8';
  if (format === 1 && bits === 16) return 'uint16';
  if (format === 1 && bits === 32) return 'uint32';
  if (format === 3 && bits === 32) return 'float32';
  throw refuse(
    directory,
    `${bits}-bit ${FORMAT_NAMES[format] ?? `sample format ${format}`} samples (tags 258 and 339)`,
    '8, 16 or 32-bit unsigned integer or 32-bit floating point',
    `convert it: gdal_translate -ot ${format === 1 && bits < 8 ? 'Byte' : 'Float32'} IN OUT`,
  );
}

/** The one value of a tag that has a value for each channel. */
function uniform(directory: Directory, tag: number, fallback: number, channels: number, name: string): number {
  const values = directory.integers(tag, Math.max(channels, 1));
  const first = values[0] ?? fallback;
  if (values.some((value) => value !== first)) {
    throw refuse(directory, `${name} differ between channels: ${values.join(', ')}`, 'the same for all');
  }
  return first;
}

/** One kind for each extra channel; a tag of fewer speaks of the last ones, as in GDAL, one of more of the first. */
function readExtraSamples(directory: Directory, extras: number): number[] {
  const kinds = directory.integers(TAG.extraSamples, MAX_CHANNELS).slice(0, extras);
  return [...new Array<number>(extras - kinds.length).fill(0), ...kinds];
}

function refuse(directory: Directory, what: string, expected: string, remedy?: string) {
  const detail = { what, where: directory.where, expected };
  return badInput(remedy === undefined ? detail : { ...detail, remedy });
}
