import type { Metadata } from 'sharp';
import { rationalTag } from '../raster/carried/index.js';
import type { CarriedTag } from '../raster/raster-info.js';
import { parseHeader } from '../tiff/header.js';
import { memoryBytes } from '../tiff/random-bytes.js';
import { TAG } from '../tiff/tags.js';

const BYTE = 1;
const ASCII = 2;
const SHORT = 3;
const UNDEFINED = 7;
/** EXIF tags of the first directory that mean the same in a TIFF. */
const FROM_EXIF: readonly number[] = [
  ...[TAG.imageDescription, TAG.xResolution, TAG.yResolution, TAG.resolutionUnit],
  ...[TAG.make, TAG.model, TAG.software, TAG.dateTime, TAG.artist, TAG.copyright],
];

/** What a PNG, JPEG or WebP says beside its pixels, as the tags of a TIFF: profile, orientation, density, text. */
export function carriedFromMetadata(metadata: Metadata): CarriedTag[] {
  const carried = new Map<number, CarriedTag>();
  const add = (tag: number, type: number, count: number, bytes: Uint8Array) =>
    carried.set(tag, { tag, type, count, bytes });
  const { density, orientation, icc, exif, xmp, comments } = metadata;
  if (density !== undefined && density > 0 && density < 2 ** 31) {
    for (const tag of [TAG.xResolution, TAG.yResolution]) carried.set(tag, rationalTag(tag, density)!);
    // libvips gives pixels per inch whatever the file's own unit is.
    add(TAG.resolutionUnit, SHORT, 1, Uint8Array.of(2, 0));
  }
  const description = comments?.find(({ keyword }) => keyword.endsWith('Description'))?.text;
  if (description !== undefined) {
    const text = new TextEncoder().encode(`${description}\0`);
    add(TAG.imageDescription, ASCII, text.length, text);
  }
  for (const tag of exif === undefined ? [] : carriedFromExif(exif)) carried.set(tag.tag, tag);
  if (orientation !== undefined && orientation >= 1 && orientation <= 8) {
    add(TAG.orientation, SHORT, 1, Uint8Array.of(orientation, 0));
  }
  if (xmp !== undefined) add(TAG.xmp, BYTE, xmp.length, new Uint8Array(xmp));
  if (icc !== undefined) add(TAG.iccProfile, UNDEFINED, icc.length, new Uint8Array(icc));
  return [...carried.values()].sort((a, b) => a.tag - b.tag);
}

/** The tags of an EXIF block, which is a small TIFF; a damaged one carries nothing, as its pixels are still good. */
function carriedFromExif(exif: Uint8Array): CarriedTag[] {
  const prefix = new TextDecoder('latin1').decode(exif.subarray(0, 6)) === 'Exif\0\0' ? 6 : 0;
  try {
    const [first] = parseHeader(memoryBytes('EXIF', exif.subarray(prefix))).directories;
    return first!.carried().filter(({ tag }) => FROM_EXIF.includes(tag));
  } catch {
    return [];
  }
}
