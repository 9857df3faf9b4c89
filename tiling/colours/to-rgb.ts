import { badInput, type ErrorDetail } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import { numbersOf } from '../raster/carried/index.js';
import { bytesOf, type Samples, viewSamples } from '../raster/dtype.js';
import { alphaChannel } from '../raster/extra-samples.js';
import { hasOtherColours, isLab } from '../raster/other-colours.js';
import { PHOTOMETRIC, type RasterInfo } from '../raster/raster-info.js';
import { TAG } from '../tiff/tags.js';
import { isCmykProfile, rgbOfInks, srgbByProfile } from './cmyk.js';
import { D50, type LabCodes, rgbOfLab, type White } from './lab.js';

/** Tags that say what colours samples are, and are true of no others. */
const COLOUR_TAGS: readonly number[] = [
  TAG.iccProfile,
  TAG.whitePoint,
  TAG.primaryChromaticities,
  TAG.inkSet,
  TAG.inkNames,
  TAG.numberOfInks,
  TAG.dotRange,
];
const CMYK_INKS = 1;

/** How an image's colours become RGB, for people; undefined where they are grey or RGB, or cannot become RGB. */
export function conversionOf(info: RasterInfo): string | undefined {
  if (refusalOf(info) !== undefined) return undefined;
  if (isLab(info)) return 'from D50 or the white that the file names, to sRGB';
  if (info.photometric !== PHOTOMETRIC.separated) return undefined;
  return profileOf(info) === undefined
    ? 'by (1 − ink)·(1 − black), as there is no profile'
    : 'by its ICC profile, to sRGB';
}

/**
 * What an image is once its colours are RGB: itself where they are grey or RGB already.
 * @throws bad-input for samples that no such colours are made of
 */
export function rgbInfo(info: RasterInfo, path: string): RasterInfo {
  if (!hasOtherColours(info)) return info;
  const refusal = refusalOf(info);
  if (refusal !== undefined) throw badInput({ file: path, remedy: 'use --colour as-stored', ...refusal });
  const { channels, carried } = info;
  const kept = carried.filter(({ tag }) => !COLOUR_TAGS.includes(tag));
  const left = isLab(info) ? channels : channels - 1;
  return { ...info, photometric: PHOTOMETRIC.rgb, channels: left, carried: kept };
}

/** Why colours that are neither grey nor RGB cannot become RGB. */
function refusalOf(info: RasterInfo): Pick<ErrorDetail, 'what' | 'expected' | 'remedy'> | undefined {
  if (!hasOtherColours(info)) return undefined;
  const { dtype, nodata } = info;
  const refuse = (what: string, expected: string) => ({
    what: `${what}, whose colours are to become RGB`,
    expected,
  });
  if (dtype !== 'uint8' && dtype !== 'uint16') return refuse(`samples of ${dtype}`, 'uint8 or uint16');
  if (nodata?.some((value) => value !== null)) return refuse('an image with nodata', 'colours without nodata');
  if (alphaChannel(info)?.kind === 'associated') return refuse('colours multiplied by alpha', 'unassociated alpha');
  if (isLab(info)) return undefined;
  const inkSet = numberOf(info, TAG.inkSet) ?? CMYK_INKS;
  if (inkSet !== CMYK_INKS)
    return refuse(`inks that are not CMYK (tag 332 is ${inkSet})`, 'cyan, magenta, yellow, black');
  if (dtype === 'uint8' || profileOf(info) === undefined) return undefined;
  const remedy = 'convert it: vips icc_transform IN OUT.tif srgb --embedded --depth 16';
  return { ...refuse('CMYK of 16 bits with a colour profile', '8 bits'), remedy };
}

/**
 * Samples of whole rows as {@link rgbInfo} describes them.
 * @param samples interleaved, in the machine's byte order; may be what is given back
 * @throws bad-input for a colour profile that cannot be used
 */
export async function rgbOf(samples: Samples, info: RasterInfo, size: Size, path: string): Promise<Samples> {
  const profile = info.photometric === PHOTOMETRIC.separated ? profileOf(info) : undefined;
  if (profile === undefined || !(samples instanceof Uint8Array)) return rgbByFormula(samples, info);
  const { channels } = info;
  const pixels = size.width * size.height;
  try {
    const inks = channels === 4 ? samples : inksOf(samples, channels, pixels);
    const colours = await srgbByProfile(inks, size, profile);
    return channels === 4 ? colours : withExtras(colours, samples, channels);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
    throw badInput(
      { what: `its colour profile cannot be used: ${reason}`, file: path, remedy: 'use --colour as-stored' },
      cause,
    );
  }
}

/** The same without a profile, at once: for looking at. Grey and RGB are given back. */
export function rgbByFormula(samples: Samples, info: RasterInfo): Samples {
  if (!hasOtherColours(info) || !(samples instanceof Uint8Array || samples instanceof Uint16Array)) return samples;
  if (!isLab(info)) return rgbOfInks(samples, info.channels);
  return rgbOfLab(samples, info.channels, { codes: codesOf(info), white: whiteOf(info) });
}

/** See {@link rgbOf}, of bytes. */
export async function rgbBytesOf(bytes: Uint8Array, info: RasterInfo, size: Size, path: string): Promise<Uint8Array> {
  const length = size.width * size.height * info.channels;
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : bytes.slice();
  return bytesOf(await rgbOf(viewSamples(info.dtype, aligned.buffer, aligned.byteOffset, length), info, size, path));
}

/** Of 16 bits CIELab has L* from 0 to 65535, ICC's older encoding from 0 to 65280. */
function codesOf({ photometric, dtype }: RasterInfo): LabCodes {
  if (dtype === 'uint8') return { lightest: 255, neutral: 128, unit: 1 };
  return { lightest: photometric === PHOTOMETRIC.icclab ? 0xff00 : 0xffff, neutral: 0x8000, unit: 256 };
}

function whiteOf(info: RasterInfo): White {
  const tag = info.carried.find((each) => each.tag === TAG.whitePoint);
  const [x, y] = tag === undefined ? [] : numbersOf(tag);
  return x !== undefined && y !== undefined && x > 0 && y > 0 && x + y < 1 ? [x, y] : D50;
}

/** The colour profile of inks; none where it is one of other colours. */
function profileOf({ carried }: RasterInfo): Uint8Array | undefined {
  const bytes = carried.find(({ tag }) => tag === TAG.iccProfile)?.bytes;
  return bytes !== undefined && isCmykProfile(bytes) ? bytes : undefined;
}

function numberOf({ carried }: RasterInfo, wanted: number): number | undefined {
  const tag = carried.find((each) => each.tag === wanted);
  return tag && numbersOf(tag)[0];
}

/** The four inks of each pixel. */
function inksOf(samples: Uint8Array, channels: number, pixels: number): Uint8Array {
  const result = new Uint8Array(pixels * 4);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let c = 0; c < 4; c++) result[pixel * 4 + c] = samples[pixel * channels + c]!;
  }
  return result;
}

/** Colours with the channels that lay behind the four inks. */
function withExtras(colours: Uint8Array, samples: Uint8Array, channels: number): Uint8Array {
  const pixels = colours.length / 3;
  const result = new Uint8Array(pixels * (channels - 1));
  for (let pixel = 0; pixel < pixels; pixel++) {
    const to = pixel * (channels - 1);
    for (let c = 0; c < 3; c++) result[to + c] = colours[pixel * 3 + c]!;
    for (let c = 4; c < channels; c++) result[to + c - 1] = samples[pixel * channels + c]!;
  }
  return result;
}

/**
 * What an image is as it is shown, see {@link rgbByFormula}. Nodata is a value of its own samples, and of no colours that are
 * made of them.
 */
export function asShown<I extends Pick<RasterInfo, 'channels' | 'photometric' | 'dtype' | 'nodata'>>(info: I): I {
  if (!hasOtherColours(info) || (info.dtype !== 'uint8' && info.dtype !== 'uint16')) return info;
  const channels = info.photometric === PHOTOMETRIC.separated ? info.channels - 1 : info.channels;
  return { ...info, channels, photometric: PHOTOMETRIC.rgb, nodata: undefined };
}
