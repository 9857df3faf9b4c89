import { storedLevels } from '../plan/levels.js';
import { maskEncoding, storedPhotometric } from '../plan/output-shape.js';
import type { LevelPlan, Plan } from '../plan/plan.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import { extraSamplesOf } from '../raster/extra-samples.js';
import type { CarriedTag, RasterInfo } from '../raster/raster-info.js';
import { WRITTEN_COMPRESSION } from './compression.js';
import { FIELD_TYPES, TAG } from './tags.js';

/**
 * The bytes of an output file that are not pixels: a little-endian BigTIFF whose header and IFDs come first,
 * then all blocks from the smallest overview to level 0, each level row-major. That is the order which makes
 * a file "cloud optimised": a reader gets the whole index in one request, and every overview in one run. The IFD of
 * a mask follows its level's; the blocks of masks, which are few bytes, come before those of the image.
 *
 * Sources: TIFF 6.0; the BigTIFF design (libtiff); the layout rules of GDAL's COG driver.
 */

/** Where the blocks of one level lie, row-major. A length of 0 means that the block is not stored. */
export interface BlockPlaces {
  /** Byte offsets in the file; safe integers. */
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
}

const HEADER_BYTES = 16;
const ENTRY_BYTES = 20;
const BLOCK_ALIGN = 16;

const ASCII = 2;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const LONG8 = 16;
const IFD8 = 18;

const SAMPLE_FORMAT = { uint8: 1, uint16: 1, uint32: 1, float32: 3 } as const;

/** Bytes of one decoded output block, the largest that any level stores; blocks at the edge are stored whole. */
export function blockBytes(plan: Plan): number {
  return plan.block * plan.block * plan.output.channels * SAMPLE_BYTES[plan.output.dtype];
}

/** Bytes of one block of the output's mask, a bit for each pixel. */
function maskBlockBytes({ block }: Plan): number {
  return (block * block) / 8;
}

/** Bytes of one block of a stored level before encoding. */
export function storedBlockBytes(plan: Plan, level: number): number {
  return level < plan.levels.length ? blockBytes(plan) : maskBlockBytes(plan);
}

/** Bytes of all blocks of all levels before encoding. */
export function decodedBytes(plan: Plan): number {
  const bytes = blockBytes(plan) + (plan.mask === undefined ? 0 : maskBlockBytes(plan));
  return plan.levels.reduce((sum, { across, down }) => sum + across * down * bytes, 0);
}

/** Places for every block of every stored level before any is known. */
export function emptyPlaces(plan: Pick<Plan, 'levels' | 'mask'>): BlockPlaces[] {
  return storedLevels(plan).map(({ across, down }) => ({
    offsets: new Float64Array(across * down),
    lengths: new Uint32Array(across * down),
  }));
}

/** Places with the lengths of encoded blocks; offsets are still to be assigned. */
export function placesOf(
  plan: Pick<Plan, 'levels' | 'mask'>,
  blocks: Iterable<{ readonly level: number; readonly index: number; readonly length: number }>,
): BlockPlaces[] {
  const places = emptyPlaces(plan);
  for (const { level, index, length } of blocks) places[level]!.lengths[index] = length;
  return places;
}

/** Assigns offsets to blocks of known lengths in file order; returns the size of the file. */
export function assignOffsets(plan: Plan, places: readonly BlockPlaces[]): number {
  let end = align(indexBytes(plan));
  for (let level = places.length - 1; level >= 0; level--) {
    const { offsets, lengths } = places[level]!;
    for (let block = 0; block < offsets.length; block++) {
      offsets[block] = end;
      end = align(end + lengths[block]!);
    }
  }
  return end;
}

/** The places of an uncompressed output, known before any pixel is, and the size of the file. */
export function placedLayout(plan: Plan): { places: BlockPlaces[]; fileBytes: number } {
  const places = emptyPlaces(plan);
  places.forEach(({ lengths }, level) => {
    lengths.fill(storedBlockBytes(plan, level));
  });
  return { places, fileBytes: assignOffsets(plan, places) };
}

/** Header, IFDs and their values: the first bytes of the file. */
export function encodeIndex(plan: Plan, places: readonly BlockPlaces[]): Uint8Array {
  const directories = allDirectories(plan, places);
  const bytes = new Uint8Array(indexBytesOf(directories));
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 43, 0, 8, 0, 0, 0]);
  writeUint64(view, 8, HEADER_BYTES);
  let valuesAt = HEADER_BYTES;
  const starts = directories.map(({ entries }) => {
    const start = valuesAt;
    valuesAt += directoryBytes(entries);
    return start;
  });
  directories.forEach(({ entries, parts, isPart }, index) => {
    let at = starts[index]!;
    writeUint64(view, at, entries.length);
    at += 8;
    for (const { tag, type, count, bytes: given } of entries) {
      const value = tag === TAG.subIfds ? long8s(starts.slice(index + 1, index + 1 + parts)) : given;
      view.setUint16(at, tag, true);
      view.setUint16(at + 2, type, true);
      writeUint64(view, at + 4, count);
      if (value.length <= 8) bytes.set(value, at + 12);
      else {
        writeUint64(view, at + 12, valuesAt);
        bytes.set(value, valuesAt);
        valuesAt += evenBytes(value.length);
      }
      at += ENTRY_BYTES;
    }
    writeUint64(view, at, isPart ? 0 : (starts[index + 1 + parts] ?? 0));
  });
  return bytes;
}

/** Length of {@link encodeIndex}'s result, which does not depend on the places. */
export function indexBytes(plan: Plan): number {
  return indexBytesOf(allDirectories(plan, emptyPlaces(plan)));
}

/** A directory, and how many of those behind it are its parts, which the chain passes over. */
interface IndexDirectory {
  readonly entries: readonly CarriedTag[];
  readonly parts: number;
  readonly isPart: boolean;
}

/** All directories in file order. */
function allDirectories(plan: Plan, places: readonly BlockPlaces[]): IndexDirectory[] {
  const images = plan.levels.map((level, index) => directoryEntries(plan, level, index, places[index]!));
  if (plan.subDirectories) return withParts(images);
  const masks = places
    .slice(plan.levels.length)
    .map((each, index) => maskEntries(plan, plan.levels[index]!, index, each));
  return images
    .flatMap((image, index) => (masks[index] === undefined ? [image] : [image, masks[index]]))
    .map((entries) => ({ entries, parts: 0, isPart: false }));
}

/** The smaller levels as parts of the first one. */
function withParts(levels: readonly (readonly CarriedTag[])[]): IndexDirectory[] {
  const parts = levels.length - 1;
  return levels.map((entries, index) => {
    if (index > 0) return { entries, parts: 0, isPart: true };
    if (parts === 0) return { entries, parts, isPart: false };
    // Where they lie is told when all directories are there.
    const own = [...entries, entry(TAG.subIfds, IFD8, new Uint8Array(8 * parts))].sort((a, b) => a.tag - b.tag);
    return { entries: own, parts, isPart: false };
  });
}

function indexBytesOf(directories: readonly IndexDirectory[]): number {
  let bytes = HEADER_BYTES;
  for (const { entries } of directories) {
    bytes += directoryBytes(entries);
    for (const { bytes: value } of entries) if (value.length > 8) bytes += evenBytes(value.length);
  }
  return bytes;
}

function directoryBytes(entries: readonly CarriedTag[]): number {
  return 8 + entries.length * ENTRY_BYTES + 8;
}

function directoryEntries(plan: Plan, level: LevelPlan, index: number, places: BlockPlaces): CarriedTag[] {
  const { output, encoding, block } = plan;
  const { channels, dtype } = output;
  const perChannel = (value: number) => shorts(new Array(channels).fill(value));
  const entries: CarriedTag[] = [
    entry(TAG.newSubfileType, LONG, longs([index === 0 ? 0 : 1])),
    entry(TAG.imageWidth, LONG, longs([level.width])),
    entry(TAG.imageLength, LONG, longs([level.height])),
    entry(TAG.bitsPerSample, SHORT, perChannel(8 * SAMPLE_BYTES[dtype])),
    entry(TAG.compression, SHORT, shorts([WRITTEN_COMPRESSION[encoding.codec]])),
    entry(TAG.photometric, SHORT, shorts([storedPhotometric(plan)])),
    entry(TAG.samplesPerPixel, SHORT, shorts([channels])),
    entry(TAG.planarConfiguration, SHORT, shorts([1])),
    entry(TAG.tileWidth, LONG, longs([block])),
    entry(TAG.tileLength, LONG, longs([block])),
    entry(TAG.tileOffsets, LONG8, long8s(places.offsets)),
    entry(TAG.tileByteCounts, LONG, longs(places.lengths)),
    entry(TAG.sampleFormat, SHORT, perChannel(SAMPLE_FORMAT[dtype])),
  ];
  if (encoding.predictor !== 1) entries.push(entry(TAG.predictor, SHORT, shorts([encoding.predictor])));
  const extras = extraSamplesOf(output);
  if (extras.length > 0) entries.push(entry(TAG.extraSamples, SHORT, shorts(extras)));
  if (encoding.codec === 'jpeg' && channels === 3) {
    entries.push(entry(TAG.chromaSubsampling, SHORT, shorts(JPEG_SUBSAMPLING)));
    // libtiff's default, spelled out because readers differ: full-range 8-bit YCbCr.
    entries.push(entry(TAG.referenceBlackWhite, RATIONAL, longs([0, 1, 255, 1, 128, 1, 255, 1, 128, 1, 255, 1])));
  }
  const nodata = nodataText(output);
  if (nodata !== undefined) entries.push(entry(TAG.gdalNodata, ASCII, new TextEncoder().encode(`${nodata}\0`)));
  if (index === 0) entries.push(...output.carried.filter(({ tag }) => tag !== TAG.gdalNodata));
  return entries.sort((a, b) => a.tag - b.tag);
}

/** A transparency mask of single bits, as GDAL writes and TIFF 6.0 demands it. */
function maskEntries(plan: Plan, level: LevelPlan, index: number, places: BlockPlaces): CarriedTag[] {
  return [
    entry(TAG.newSubfileType, LONG, longs([index === 0 ? 4 : 5])),
    entry(TAG.imageWidth, LONG, longs([level.width])),
    entry(TAG.imageLength, LONG, longs([level.height])),
    entry(TAG.bitsPerSample, SHORT, shorts([1])),
    entry(TAG.compression, SHORT, shorts([WRITTEN_COMPRESSION[maskEncoding(plan).codec]])),
    entry(TAG.photometric, SHORT, shorts([4])),
    entry(TAG.samplesPerPixel, SHORT, shorts([1])),
    entry(TAG.planarConfiguration, SHORT, shorts([1])),
    entry(TAG.tileWidth, LONG, longs([plan.block])),
    entry(TAG.tileLength, LONG, longs([plan.block])),
    entry(TAG.tileOffsets, LONG8, long8s(places.offsets)),
    entry(TAG.tileByteCounts, LONG, longs(places.lengths)),
  ];
}

/** JPEG blocks keep full-resolution chroma: a filter's result should not be blurred again by its codec. */
const JPEG_SUBSAMPLING = [1, 1];

/** GDAL_NODATA holds one value for all channels. */
function nodataText({ nodata }: RasterInfo): string | undefined {
  const value = nodata?.find((candidate) => candidate !== null);
  if (value === undefined || value === null) return undefined;
  // As C and GDAL write them.
  if (Number.isNaN(value)) return 'nan';
  return Number.isFinite(value) ? String(value) : value < 0 ? '-inf' : 'inf';
}

function entry(tag: number, type: number, bytes: Uint8Array): CarriedTag {
  return { tag, type, count: bytes.length / FIELD_TYPES[type]!.bytes, bytes };
}

function shorts(values: readonly number[]): Uint8Array {
  return new Uint8Array(Uint16Array.from(values).buffer);
}

function longs(values: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function long8s(values: ArrayLike<number>): Uint8Array {
  const words = new Uint32Array(2 * values.length);
  for (let index = 0; index < values.length; index++) {
    words[2 * index] = values[index]! % 2 ** 32;
    words[2 * index + 1] = Math.floor(values[index]! / 2 ** 32);
  }
  return new Uint8Array(words.buffer);
}

function writeUint64(view: DataView, at: number, value: number): void {
  view.setBigUint64(at, BigInt(value), true);
}

function align(bytes: number): number {
  return Math.ceil(bytes / BLOCK_ALIGN) * BLOCK_ALIGN;
}

function evenBytes(bytes: number): number {
  return bytes + (bytes & 1);
}
