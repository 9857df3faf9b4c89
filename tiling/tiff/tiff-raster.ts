import { badInput, type ErrorDetail, type ErrorPlace, HalotileError } from '../errors.js';
import type { CodecContext } from '../raster/block-source.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import { hasSignedChroma } from '../raster/other-colours.js';
import { type BlockCodec, type BlockLayout, PHOTOMETRIC, type RasterInfo } from '../raster/raster-info.js';
import { maxBlockBytes, packedBlockBytes, storedBlockCount } from '../raster/stored-block.js';
import { type BlockPlaces, BlockTable, splitStrips } from './block-table.js';
import { readChroma } from './chroma.js';
import { APERIO_YCBCR, codecOf, describeCompression, readByLibvips } from './compression.js';
import type { Directory } from './directory.js';
import { readNodata } from './nodata.js';
import { pastTheEnd } from './random-bytes.js';
import {
  describeStored,
  readMaskFormat,
  readPalette,
  readSampleFormat,
  type SampleFormat,
  type WideSamples,
} from './sample-format.js';
import { TAG } from './tags.js';
import { isMask } from './tiff-image.js';

/** One image of a TIFF file as the rest of halotile sees it. */
export interface TiffRaster {
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  readonly codecContext: CodecContext;
  readonly blocks: BlockPlaces;
  /** What reading changes, a sentence each. */
  readonly warnings: readonly string[];
}

/** As libvips: far beyond any image, far below what would overflow. */
const MAX_SIDE = 10_000_000;
/** Block numbers are int32 keys, and tables of this size are still read in a second. */
const MAX_BLOCKS = 1 << 26;
/** A decoded block lives in memory whole; nothing reads an image of larger ones well. */
const MAX_BLOCK_BYTES = 1 << 30;

/**
 * How many bytes one encoded byte can decode to at most: deflate by its format (1032), LZW at 3838-byte strings
 * of 12 bits, PackBits at 128 bytes by two, ZSTD at 128 KiB run blocks of 4 bytes, JPEG at 6 bits for a grey 8×8 block with room for
 * subsampling, WebP by its predictive mode. A block that claims more is a bomb or damaged.
 */
const MAX_RATIO: Readonly<Record<BlockCodec, number>> = {
  none: 1,
  deflate: 1040,
  lzw: 2600,
  packbits: 64,
  zstd: 33_000,
  jpeg: 2000,
  webp: 100_000,
  // A block of one value is a header.
  lerc: 4_000_000,
  jpeg2000: 4_000_000,
};

/** Codecs that know of YCbCr themselves. */
const OF_COLOUR: ReadonlySet<BlockCodec> = new Set(['jpeg', 'jpeg2000']);

/** Blocks under a compression that is not decoded here; libvips may read the file as a whole. */
export class UnreadCompression extends HalotileError {
  constructor(detail: ErrorDetail) {
    super('bad-input', detail);
  }
}

/**
 * Interprets one directory as a raster that can be read by blocks; a transparency mask as uint8, 0 where masked.
 * @throws bad-input where it is damaged or of a kind that halotile does not read, naming directory and tag
 */
export function readTiffRaster(directory: Directory, wide?: WideSamples): TiffRaster {
  const width = readSide(directory, TAG.imageWidth, 'width');
  const height = readSide(directory, TAG.imageLength, 'height');
  const mask = isMask(directory) ? readMaskFormat(directory) : undefined;
  const format = mask ?? readSampleFormat(directory, wide);
  const codec = readCodec(directory, format);
  if (mask !== undefined && (codec === 'jpeg' || codec === 'webp')) {
    throw bad(directory, `a mask under ${codec} compression (tag 259)`, 'a lossless one', 'use --mask ignore');
  }
  const layoutOfFile: BlockLayout = {
    ...readBlockGrid(directory, width, height),
    planar: isPlanar(directory, format),
    codec,
    // Single bits have no differences, whatever the tag says.
    predictor: mask?.stored === undefined ? readPredictor(directory, codec, format) : 1,
    littleEndian: directory.littleEndian,
    ...(format.stored === undefined ? {} : { stored: format.stored }),
    ...(format.storedPhotometric === 6 && !OF_COLOUR.has(codec) ? { chroma: readChroma(directory) } : {}),
    ...(hasSignedChroma({ photometric: format.storedPhotometric, dtype: format.dtype })
      ? { signedChroma: true as const }
      : {}),
    ...(directory.integer(TAG.fillOrder, 1) === 2 && codec !== 'jpeg' ? { lowestFirst: true } : {}),
  };
  // Masks have no missing samples: blocks that were never written are masked, as GDAL reads them.
  const nodata = mask === undefined ? readNodata(directory, format) : undefined;
  const info: RasterInfo = {
    width,
    height,
    channels: format.channels,
    dtype: format.dtype,
    alpha: format.alpha,
    ...(format.extraSamples.length === 0 ? {} : { extraSamples: format.extraSamples }),
    ...(nodata === undefined ? {} : { nodata }),
    photometric: format.storedPhotometric === 6 || format.storedPhotometric === 3 ? 2 : format.storedPhotometric,
    carried: mask === undefined ? directory.carried() : [],
  };
  const stored = atPlane(directory, layoutOfFile, readBlocks(directory, info, layoutOfFile));
  const { layout, blocks } = splitStrips(info, layoutOfFile, stored);
  const rounded = roundedSamples(format);
  const warnings = rounded === undefined ? [] : [`${directory.file.name}: ${rounded}`];
  return { info, layout, codecContext: readCodecContext(directory, format), blocks, warnings };
}

/** What becomes of samples that float32 does not hold; undefined where it holds them all. */
function roundedSamples({ dtype, stored }: SampleFormat): string | undefined {
  if (dtype !== 'float32' || stored === undefined || stored.bits < 32) return undefined;
  if (stored.kind === 'float') return 'samples of 64 bits are rounded to float32';
  return `integers of ${stored.bits} bits are read as float32, which rounds those beyond ${2 ** 24}`;
}

/**
 * Checks every block's place and size, reading the table once and keeping little of it.
 * @throws bad-input naming the first block that lies outside the file, is too short or could not decode to its size
 */
export function checkAllBlocks({ info, layout, blocks }: TiffRaster, place: ErrorPlace): void {
  const ratio = MAX_RATIO[layout.codec];
  for (let index = 0; index < blocks.count; index++) {
    const { length } = blocks.place(index);
    const full = packedBlockBytes(info, layout, index);
    if (length !== 0 && length * ratio < full) {
      throw badInput({
        what: `block ${index} has ${length} bytes for ${full} bytes of pixels under compression "${layout.codec}"`,
        ...place,
        expected: layout.codec === 'none' ? `${full}` : `at least ${Math.ceil(full / ratio)}`,
        remedy: 'the file is truncated, damaged or made to exhaust memory',
      });
    }
  }
}

function readSide(directory: Directory, tag: number, name: string): number {
  const side = directory.required(tag);
  if (side < 1 || side > MAX_SIDE) throw bad(directory, `${name} ${side} (tag ${tag})`, `1 to ${MAX_SIDE}`);
  return side;
}

function isPlanar(directory: Directory, { channels, stored }: SampleFormat): boolean {
  return channels > 1 && stored?.indexed !== true && directory.integer(TAG.planarConfiguration, 1) === 2;
}

function readCodec(directory: Directory, format: SampleFormat): BlockCodec {
  const { dtype, channels, storedPhotometric, stored } = format;
  const compression = directory.integer(TAG.compression, 1);
  const codec = codecOf(compression);
  const remedy = 'convert it: gdal_translate -co TILED=YES -co COMPRESS=DEFLATE IN OUT';
  if (codec === undefined) {
    const what = describeCompression(compression);
    const expected = 'none, deflate, LZW, PackBits, ZSTD, JPEG, JPEG 2000, WebP or LERC';
    if (readByLibvips(compression)) throw new UnreadCompression({ what, ...directory.place, expected, remedy });
    throw bad(directory, what, expected, remedy);
  }
  if ((codec === 'jpeg' || codec === 'webp') && (dtype !== 'uint8' || stored !== undefined)) {
    throw bad(
      directory,
      `${stored === undefined ? dtype : describeStored(stored)} samples under ${codec} compression (tags 258 and 259)`,
      '8 bits',
      remedy,
    );
  }
  if (storedPhotometric === 6 && (dtype !== 'uint8' || stored !== undefined)) {
    const samples = stored === undefined ? dtype : describeStored(stored);
    throw bad(directory, `YCbCr of ${samples} samples (tags 258 and 262)`, '8 bits', remedy);
  }
  const planar = isPlanar(directory, format);
  if (storedPhotometric === 6 && (planar || channels !== 3)) {
    throw bad(directory, `YCbCr with ${channels}${planar ? ' separate' : ''} channels (tag 262)`, '3 chunky', remedy);
  }
  if (codec === 'jpeg' && !planar && channels !== 1 && channels !== 3 && channels !== 4) {
    const expected = '1, 3 or 4, or separate planes';
    throw bad(directory, `${channels} channels under JPEG compression (tag 277)`, expected, remedy);
  }
  if (storedPhotometric === PHOTOMETRIC.cielab && (codec === 'jpeg' || codec === 'jpeg2000' || codec === 'webp')) {
    // Whether such a codec was given a* and b* with their sign, writers do not agree upon.
    throw bad(directory, `CIE L*a*b* under ${codec} compression (tags 259 and 262)`, 'a lossless one', remedy);
  }
  if (codec === 'jpeg2000') {
    const bits = stored?.bits ?? SAMPLE_BYTES[dtype] * 8;
    if ((bits !== 8 && bits !== 16) || stored?.indexed) {
      throw bad(directory, `samples of ${bits} bits under JPEG 2000 (tags 258 and 259)`, '8 or 16', remedy);
    }
    if (!planar && channels !== 1 && channels !== 3) {
      const what = `${channels} channels under JPEG 2000 (tag 277)`;
      throw bad(directory, what, '1 or 3, or separate planes', 'let the program that wrote it write separate planes');
    }
  }
  if (codec === 'webp' && (planar || (channels !== 3 && channels !== 4))) {
    throw bad(directory, `${channels}${planar ? ' separate' : ''} channels under WebP compression`, '3 or 4', remedy);
  }
  return codec;
}

function readPredictor(
  directory: Directory,
  codec: BlockCodec,
  { dtype, stored, storedPhotometric }: SampleFormat,
): 1 | 2 | 3 {
  // As libtiff: only these codecs look at the tag.
  if (codec !== 'deflate' && codec !== 'lzw' && codec !== 'zstd') return 1;
  const predictor = directory.integer(TAG.predictor, 1);
  if (storedPhotometric === 6 && predictor !== 1) {
    throw bad(directory, `predictor ${predictor} for YCbCr (tag 317)`, 'none', 'convert it: tiff2rgba IN OUT');
  }
  const isWhole = stored === undefined || stored.bits % 8 === 0;
  if (predictor === 1 || (predictor === 2 && isWhole)) return predictor;
  if (predictor === 3 && (stored === undefined ? dtype === 'float32' : stored.kind === 'float')) return predictor;
  const what = stored === undefined ? dtype : describeStored(stored);
  throw bad(directory, `predictor ${predictor} for ${what} samples (tag 317)`, '1, 2 for whole bytes, or 3 for floats');
}

function readBlockGrid(directory: Directory, width: number, height: number) {
  const striped = !directory.has(TAG.tileWidth);
  const blockWidth = striped ? width : directory.required(TAG.tileWidth);
  const blockHeight = striped
    ? Math.min(height, directory.integer(TAG.rowsPerStrip, height))
    : directory.required(TAG.tileLength);
  if (blockWidth < 1 || blockHeight < 1 || blockWidth > MAX_SIDE || blockHeight > MAX_SIDE) {
    throw bad(directory, `blocks of ${blockWidth}×${blockHeight} pixels`, `sides from 1 to ${MAX_SIDE}`);
  }
  return {
    blockWidth,
    blockHeight,
    across: Math.ceil(width / blockWidth),
    down: Math.ceil(height / blockHeight),
    striped,
  };
}

function readBlocks(directory: Directory, info: RasterInfo, layout: BlockLayout): BlockTable {
  const tags = layout.striped
    ? { offsets: TAG.stripOffsets, lengths: TAG.stripByteCounts }
    : { offsets: TAG.tileOffsets, lengths: TAG.tileByteCounts };
  const count = storedBlockCount(info, layout);
  if (count > MAX_BLOCKS) throw bad(directory, `${count} blocks`, `at most ${MAX_BLOCKS}`, 'use larger tiles');
  const blockSize = maxBlockBytes(info, layout);
  if (!layout.striped && blockSize > MAX_BLOCK_BYTES) {
    throw bad(
      directory,
      `tiles of ${layout.blockWidth}×${layout.blockHeight} pixels, ${blockSize} bytes each`,
      `at most ${MAX_BLOCK_BYTES} bytes`,
      'write it with smaller tiles',
    );
  }
  if (!directory.has(tags.offsets)) {
    throw bad(directory, `tag ${tags.offsets} is missing`, 'the places of all blocks');
  }
  const rawLength = (index: number) => packedBlockBytes(info, layout, index);
  return new BlockTable(directory, tags, count, layout.codec === 'none' ? rawLength : undefined);
}

/** The blocks of an image that lies behind the one whose places the directory holds. */
function atPlane(directory: Directory, { codec }: BlockLayout, blocks: BlockTable): BlockPlaces {
  const { plane } = directory;
  if (plane === 0) return blocks;
  const first = blocks.place(0);
  const last = blocks.place(blocks.count - 1);
  let bytes = 0;
  for (let index = 0; index < blocks.count; index++) bytes += blocks.place(index).length;
  if (codec !== 'none' || last.offset + last.length - first.offset !== bytes) {
    throw bad(
      directory,
      `plane ${plane + 1} of images whose blocks do not lie together`,
      'uncompressed planes in one piece',
    );
  }
  const place = (index: number) => {
    const { offset, length } = blocks.place(index);
    const moved = offset + plane * bytes;
    if (moved + length > directory.file.size)
      throw pastTheEnd(directory.file, moved, length, `block ${index} of plane ${plane + 1}`);
    return { offset: moved, length };
  };
  return { count: blocks.count, place };
}

/** Aperio's numbers of compression say what the components are; its files call both kinds RGB. */
function colourOfCodec(directory: Directory, storedPhotometric: number): number {
  const compression = directory.integer(TAG.compression, 1);
  if (codecOf(compression) !== 'jpeg2000') return storedPhotometric;
  if (compression === APERIO_YCBCR) return 6;
  return compression === 33005 ? 2 : storedPhotometric;
}

function readCodecContext(directory: Directory, { storedPhotometric, stored }: SampleFormat): CodecContext {
  const tables = directory.bytes(TAG.jpegTables);
  const subsampling = directory.integers(TAG.chromaSubsampling, 2);
  return {
    storedPhotometric: colourOfCodec(directory, storedPhotometric),
    ...(directory.has(TAG.lercParameters) ? { lercPacking: directory.integers(TAG.lercParameters, 2)[1] ?? 0 } : {}),
    ...(tables === undefined ? {} : { jpegTables: tables }),
    ...(stored?.indexed ? { palette: readPalette(directory, stored.bits) } : {}),
    ...(subsampling.length === 2 ? { chromaSubsampling: [subsampling[0]!, subsampling[1]!] as const } : {}),
  };
}

function bad(directory: Directory, what: string, expected: string, remedy?: string) {
  const detail = { what, ...directory.place, expected };
  return badInput(remedy === undefined ? detail : { ...detail, remedy });
}
