import { badInput } from '../errors.js';
import type { DType } from '../raster/dtype.js';
import { isLab } from '../raster/other-colours.js';
import type { AlphaKind, StoredSamples } from '../raster/raster-info.js';
import type { Directory } from './directory.js';
import { TAG } from './tags.js';

/** What the samples of a TIFF image are. */
export interface SampleFormat {
  readonly dtype: DType;
  readonly channels: number;
  readonly alpha: AlphaKind;
  /** What each channel beyond the colours is. */
  readonly extraSamples: readonly number[];
  /** As stored: 3 are indices, 6 is YCbCr. */
  readonly storedPhotometric: number;
  /** Where samples are stored in another form. */
  readonly stored?: StoredSamples;
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
  4: 'transparency mask',
  10: 'ITU L*a*b*',
  32803: 'colour filter array',
  34892: 'linear raw',
};
/** Channels that a photometric interpretation has without extra ones. */
const COLOUR_CHANNELS: Readonly<Record<number, number>> = { 0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3 };
/** An index into a palette. */
const INDEXED = 3;

/** What integers are read as that have no type of their own here, and those of 32 bits. */
export type WideSamples = 'uint32' | 'float32';

/**
 * The sample type, channels and colour of a directory.
 * @param wide labels are read as uint32, which holds them all, values as float32; where absent, unsigned integers of 32
 * bits stay as they are, signed ones and those of 64 become float32
 * @throws bad-input for what halotile does not filter, with the way to convert it
 */
export function readSampleFormat(directory: Directory, wide?: WideSamples): SampleFormat {
  const channels = directory.integer(TAG.samplesPerPixel, 1);
  if (channels < 1 || channels > MAX_CHANNELS) {
    throw refuse(directory, `${channels} samples per pixel (tag 277)`, `1 to ${MAX_CHANNELS}`);
  }
  const storedPhotometric = directory.integer(TAG.photometric, channels >= 3 ? 2 : 1);
  const colours = COLOUR_CHANNELS[storedPhotometric];
  if (colours === undefined) {
    const name = PHOTOMETRIC_NAMES[storedPhotometric] ?? 'unknown';
    const what = `photometric interpretation ${storedPhotometric}, ${name} (tag 262)`;
    throw refuse(directory, what, 'grey, RGB or a palette', 'convert it: vips colourspace IN OUT srgb');
  }
  if (channels < colours) {
    throw refuse(directory, `${channels} channels under photometric interpretation ${storedPhotometric}`, `${colours}`);
  }
  const { dtype, stored } = readSamples(directory, channels, wide);
  if (storedPhotometric === INDEXED) return readIndexed(directory, { channels, dtype, stored });
  if (isLab({ photometric: storedPhotometric })) checkLab(directory, { dtype, stored });
  const extraSamples = readExtraSamples(directory, channels - colours);
  const last = extraSamples.at(-1);
  return {
    dtype,
    channels,
    alpha: last === 2 ? 'unassociated' : last === 1 ? 'associated' : 'none',
    extraSamples,
    storedPhotometric,
    ...(stored === undefined ? {} : { stored }),
  };
}

/** @throws bad-input for what is no number of L*, a* or b*, and for nodata of which nobody says whether it has a sign */
function checkLab(directory: Directory, { dtype, stored }: Pick<SampleFormat, 'dtype' | 'stored'>): void {
  const remedy = 'convert it: vips colourspace IN OUT.tif srgb';
  const isWhole = stored === undefined && dtype !== 'uint32';
  if (!isWhole && stored?.kind !== 'float') {
    const samples = stored === undefined ? dtype : describeStored(stored);
    throw refuse(
      directory,
      `L*a*b* of ${samples} samples (tags 258 and 262)`,
      '8 or 16 bits without a sign, or floating point',
      remedy,
    );
  }
  if (directory.has(TAG.gdalNodata)) {
    throw refuse(directory, 'L*a*b* with a nodata value (tag 42113)', 'colours without nodata', remedy);
  }
}

/** Indices of colours become the colours. @throws bad-input for more than indices, and for nodata, which no colour is */
function readIndexed(
  directory: Directory,
  { channels, dtype, stored }: Pick<SampleFormat, 'channels' | 'dtype' | 'stored'>,
): SampleFormat {
  const remedy = 'expand it: gdal_translate -expand rgba IN OUT';
  const bits = stored?.bits ?? 8;
  if (channels !== 1 || dtype !== 'uint8') {
    throw refuse(directory, `palette colour with ${channels} channels of ${dtype}`, 'indices of 1 to 8 bits', remedy);
  }
  if (directory.has(TAG.gdalNodata)) {
    throw refuse(directory, 'palette colour with a nodata index (tag 42113)', 'colours without nodata', remedy);
  }
  const indexed = { bits, kind: 'unsigned', indexed: true } as const;
  return { dtype, channels: 3, alpha: 'none', extraSamples: [], storedPhotometric: INDEXED, stored: indexed };
}

/**
 * The colours of indices of `bits` bits as 8-bit RGB: the high bytes of the colour map, or its values where all are bytes,
 * as some writers have them.
 * @throws bad-input where the map is missing or too short
 */
export function readPalette(directory: Directory, bits: number): Uint8Array {
  const count = 2 ** bits;
  const values = directory.integers(TAG.colorMap, 3 * 65_536);
  if (values.length < 3 * count) {
    throw refuse(directory, `a colour map of ${values.length} values (tag 320)`, `${3 * count}`);
  }
  const third = Math.floor(values.length / 3);
  const shift = values.every((value) => value < 256) ? 0 : 8;
  return Uint8Array.from({ length: 3 * count }, (_, i) => values[(i % 3) * third + Math.floor(i / 3)]! >> shift);
}

/** How messages name stored samples: `16-bit signed integer`. */
export function describeStored({ bits, kind }: StoredSamples): string {
  return `${bits}-bit ${kind === 'float' ? 'floating point' : `${kind} integer`}`;
}

/**
 * The format of a transparency mask, one channel of 1 or 8 bits.
 * @throws bad-input for any other
 */
export function readMaskFormat(directory: Directory): SampleFormat {
  const channels = directory.integer(TAG.samplesPerPixel, 1);
  const bits = directory.integer(TAG.bitsPerSample, 1);
  const remedy = 'use --mask ignore, or write it anew: gdal_translate --config GDAL_TIFF_INTERNAL_MASK YES IN OUT';
  if (channels !== 1 || (bits !== 1 && bits !== 8) || directory.integer(TAG.sampleFormat, 1) !== 1) {
    throw refuse(directory, `a mask of ${channels} channels of ${bits} bits`, 'one channel of 1 or 8 bits', remedy);
  }
  const stored = bits === 1 ? { stored: { bits, kind: 'unsigned' } as const } : {};
  return { dtype: 'uint8', channels, alpha: 'none', extraSamples: [], storedPhotometric: 1, ...stored };
}

/** The type that samples have here, and how they are stored where that is another form. */
function readSamples(
  directory: Directory,
  channels: number,
  wide: WideSamples | undefined,
): Pick<SampleFormat, 'dtype' | 'stored'> {
  const bits = uniform(directory, TAG.bitsPerSample, 1, channels, 'bits per sample (tag 258)');
  const written = uniform(directory, TAG.sampleFormat, 1, channels, 'sample format (tag 339)');
  const format = written === 4 ? 1 : written;
  if (format === 1 && bits === 8) return { dtype: 'uint8' };
  if (format === 1 && bits === 16) return { dtype: 'uint16' };
  if (format === 1 && bits === 32 && wide !== 'float32') return { dtype: 'uint32' };
  if (format === 3 && bits === 32) return { dtype: 'float32' };
  if (format === 1 && bits > 0 && bits < 16) {
    return { dtype: bits < 8 ? 'uint8' : 'uint16', stored: { bits, kind: 'unsigned' } };
  }
  if (format === 2 && [8, 16, 32, 64].includes(bits)) {
    return { dtype: wide ?? 'float32', stored: { bits, kind: 'signed' } };
  }
  if (format === 1 && (bits === 32 || bits === 64)) {
    return { dtype: wide ?? 'float32', stored: { bits, kind: 'unsigned' } };
  }
  if (format === 3 && (bits === 16 || bits === 64)) return { dtype: 'float32', stored: { bits, kind: 'float' } };
  throw refuse(
    directory,
    `${bits}-bit ${FORMAT_NAMES[format] ?? `sample format ${format}`} samples (tags 258 and 339)`,
    'integers of 1 to 16, 32 or 64 bits, or floating point of 16, 32 or 64',
    'convert it: gdal_translate -ot Float32 IN OUT',
  );
}

/** The one value of a tag that has a value for each channel. */
function uniform(directory: Directory, tag: number, fallback: number, channels: number, name: string): number {
  // Some writers give one value for all channels, or more values than channels; libtiff reads both.
  const values = directory.integers(tag, MAX_CHANNELS).slice(0, channels);
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
  const detail = { what, ...directory.place, expected };
  return badInput(remedy === undefined ? detail : { ...detail, remedy });
}
