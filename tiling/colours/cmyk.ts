import { loadSharp } from '../codecs/load-sharp.js';
import type { Size } from '../geometry/rect.js';
import { MACHINE_LITTLE_ENDIAN } from '../raster/stored-block.js';
import { TAG } from '../tiff/tags.js';

type Inks = Uint8Array | Uint16Array;

/**
 * RGB of interleaved cyan, magenta, yellow and black, largest where there is most ink: (M − C)·(M − K)/M, M the largest
 * value, cut to an integer, as libtiff and with it GDAL have it. For files without a colour profile.
 * @param channels of a pixel; those behind the four inks stay as they are
 */
export function rgbOfInks<S extends Inks>(samples: S, channels: number): S {
  const largest = samples instanceof Uint8Array ? 0xff : 0xffff;
  const pixels = samples.length / channels;
  const result = new (samples.constructor as new (length: number) => S)(pixels * (channels - 1));
  for (let pixel = 0, from = 0, to = 0; pixel < pixels; pixel++, from += channels, to += channels - 1) {
    const light = largest - samples[from + 3]!;
    for (let c = 0; c < 3; c++) result[to + c] = Math.floor(((largest - samples[from + c]!) * light) / largest);
    for (let c = 4; c < channels; c++) result[to + c - 1] = samples[from + c]!;
  }
  return result;
}

/**
 * sRGB of interleaved 8-bit CMYK by its colour profile, perceptually, as Little CMS within libvips makes it.
 * @throws Error where the profile is damaged, as far as {@link profileFault} sees
 */
export async function srgbByProfile(inks: Uint8Array, size: Size, profile: Uint8Array): Promise<Uint8Array> {
  const fault = profileFault(profile);
  if (fault !== undefined) throw new Error(fault);
  const sharp = await loadSharp();
  const picture = cmykTiff(inks, size, profile);
  const { data, info } = await sharp(picture, { limitInputPixels: false, failOn: 'warning' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) throw new Error(`the colour profile gives ${info.channels} channels`);
  return data;
}

/** Where a profile says what it is (ICC.1, sections 7.2 and 7.3). */
const PROFILE = { length: 0, space: 16, mark: 36, tags: 128, tagBytes: 12 } as const;

/** Whether a colour profile is one of CMYK, as it says itself. */
export function isCmykProfile(profile: Uint8Array): boolean {
  return textAt(profile, PROFILE.space) === 'CMYK';
}

/**
 * Why a profile of inks cannot be used; undefined where it has what it says it has. libvips takes one of its own in place of
 * one that it cannot read, and does not say so.
 */
export function profileFault(profile: Uint8Array): string | undefined {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  if (profile.length < PROFILE.tags + 4 || textAt(profile, PROFILE.mark) !== 'acsp') return 'it is none';
  const length = view.getUint32(PROFILE.length);
  if (length > profile.length) return `it has ${profile.length} of its ${length} bytes`;
  const count = view.getUint32(PROFILE.tags);
  if (PROFILE.tags + 4 + count * PROFILE.tagBytes > length) return 'its list of tables ends behind it';
  let hasTable = false;
  for (let tag = 0; tag < count; tag++) {
    const at = PROFILE.tags + 4 + tag * PROFILE.tagBytes;
    const name = textAt(profile, at);
    if (view.getUint32(at + 4) + view.getUint32(at + 8) > length) return `its table ${name} ends behind it`;
    if (name === 'A2B0') hasTable = true;
  }
  return hasTable ? undefined : 'it has no table from inks to colours (A2B0)';
}

function textAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
}

const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;
const SEPARATED = 5;

/** One strip of CMYK as a TIFF file in memory: the form in which libvips takes inks with a profile. */
function cmykTiff(inks: Uint8Array, { width, height }: Size, profile: Uint8Array): Uint8Array {
  const entries = 11;
  const bits = 8 + 2 + 12 * entries + 4;
  const profileAt = bits + 8;
  const pixelsAt = profileAt + profile.length + (profile.length % 2);
  const file = new Uint8Array(pixelsAt + inks.length);
  const view = new DataView(file.buffer);
  // Of the machine's own order, so that no sample is turned.
  const little = MACHINE_LITTLE_ENDIAN;
  file.set(little ? [0x49, 0x49] : [0x4d, 0x4d]);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, entries, little);
  let at = 10;
  const add = (tag: number, type: number, count: number, value: number) => {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, count, little);
    if (type === SHORT && count === 1) view.setUint16(at + 8, value, little);
    else view.setUint32(at + 8, value, little);
    at += 12;
  };
  add(TAG.imageWidth, LONG, 1, width);
  add(TAG.imageLength, LONG, 1, height);
  add(TAG.bitsPerSample, SHORT, 4, bits);
  add(TAG.compression, SHORT, 1, 1);
  add(TAG.photometric, SHORT, 1, SEPARATED);
  add(TAG.stripOffsets, LONG, 1, pixelsAt);
  add(TAG.samplesPerPixel, SHORT, 1, 4);
  add(TAG.rowsPerStrip, LONG, 1, height);
  add(TAG.stripByteCounts, LONG, 1, inks.length);
  add(TAG.planarConfiguration, SHORT, 1, 1);
  add(TAG.iccProfile, UNDEFINED, profile.length, profileAt);
  for (let c = 0; c < 4; c++) view.setUint16(bits + 2 * c, 8, little);
  file.set(profile, profileAt);
  file.set(inks, pixelsAt);
  return file;
}
