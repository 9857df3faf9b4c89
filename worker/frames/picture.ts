import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import sharp from 'sharp';
import { rgbInfo, rgbOf } from '../../tiling/colours/to-rgb.js';
import { badInput } from '../../tiling/errors.js';
import type { Rect, Size } from '../../tiling/geometry/rect.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { bytesOf, SAMPLE_BYTES, type Samples, viewSamples } from '../../tiling/raster/dtype.js';
import { hasOtherColours } from '../../tiling/raster/other-colours.js';
import type { BlockLayout, RasterInfo } from '../../tiling/raster/raster-info.js';
import { MACHINE_LITTLE_ENDIAN } from '../../tiling/raster/stored-block.js';
import { colourSpaceOf, describePicture, refuseUnread } from '../../tiling/sources/ingest.js';
import { isPng } from '../../tiling/sources/png-pictures.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { looksLikeTiff } from '../../tiling/tiff/header.js';
import { READ_AT_ONCE } from '../../tiling/tiff/random-bytes.js';
import { severalPictures, undecodable } from './decode-frame.js';

/** An image held whole: interleaved samples as its file stores them, rows dense. */
export interface Picture {
  readonly path: string;
  readonly info: RasterInfo;
  readonly samples: Samples;
}

/** Bytes that tell the format, and a PNG's size. */
const HEAD_BYTES = 32;

/** What the header of an image file says, as far as that takes no decoding. */
export interface PictureHead {
  readonly isTiff: boolean;
  /** Whether colours are inks; not looked for in a TIFF. */
  readonly isCmyk: boolean;
  /** As stored. */
  readonly size: Size;
}

/**
 * What an image says of itself by its header alone; `content` is what the file at `path` holds, where it is
 * held.
 * @throws HalotileError bad-input where there is none, or one of several pictures; those of a PNG are found when it is
 *   decoded
 */
export async function readHead(path: string, content?: Uint8Array): Promise<PictureHead> {
  const head = content === undefined ? firstBytes(path) : Buffer.from(content.subarray(0, HEAD_BYTES));
  if (content === undefined && head.length >= 4 && looksLikeTiff(head)) {
    const source = openTiffSource(path);
    source.close();
    return { isTiff: true, isCmyk: false, size: source.info };
  }
  if (isPng(head)) {
    const size = { width: head.readUInt32BE(16), height: head.readUInt32BE(20) };
    return { isTiff: false, isCmyk: false, size };
  }
  refuseUnread(head, path);
  try {
    const metadata = await sharp(content ?? path, { limitInputPixels: false }).metadata();
    const { width, height, space, format, pages = 1 } = metadata;
    if (pages > 1) throw severalPictures(path, { pages, format });
    return { isTiff: false, isCmyk: space === 'cmyk', size: { width, height } };
  } catch (error) {
    throw undecodable(path, error);
  }
}

function firstBytes(path: string): Buffer {
  let fd: number;
  try {
    fd = openSync(path, READ_AT_ONCE);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    if (!fstatSync(fd).isFile()) throw Object.assign(new Error('no regular file'), { code: 'no regular file' });
    const head = Buffer.alloc(HEAD_BYTES);
    return head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0));
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(fd);
  }
}

/** The error of a file that the system does not give. */
export function unreadable(path: string, error: unknown) {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
  return badInput({ what: `the frame cannot be read (${code})`, file: path, expected: 'a readable file' }, error);
}

/**
 * An image with its samples as an image job reads them with `--colour rgb`: TIFF by its own blocks, everything else
 * through libvips.
 * @param bytes of the file, where they were read
 * @throws HalotileError bad-input
 */
export async function readPicture(
  path: string,
  { isTiff }: Pick<PictureHead, 'isTiff'>,
  bytes?: Uint8Array,
): Promise<Picture> {
  return inRgb(isTiff ? await readTiff(path) : await decodePicture(path, bytes));
}

/** Frames are colours: CMYK and L*a*b* become RGB before anything else. */
async function inRgb(picture: Picture): Promise<Picture> {
  const { path, info, samples } = picture;
  if (!hasOtherColours(info)) return picture;
  return { path, info: rgbInfo(info, path), samples: await rgbOf(samples, info, info, path) };
}

async function readTiff(path: string): Promise<Picture> {
  const source = openTiffSource(path);
  try {
    const { info } = source;
    const samples = newSamples(info);
    const stride = info.width * info.channels * SAMPLE_BYTES[info.dtype];
    await new RasterReader(source, null, () => 0).read(
      { x: 0, y: 0, width: info.width, height: info.height },
      bytesOf(samples),
      stride,
    );
    return { path, info, samples };
  } finally {
    source.close();
  }
}

/** As the tiled copy that image jobs make of such files, without the file. */
async function decodePicture(path: string, input: string | Uint8Array = path): Promise<Picture> {
  const { info, format, pages } = await describePicture(path, { page: 1, input });
  if (pages > 1) throw severalPictures(path, { pages, format });
  const space = colourSpaceOf(info);
  try {
    const { data } = await sharp(input, { limitInputPixels: false, sequentialRead: true, ignoreIcc: true })
      .pipelineColourspace(space)
      .toColourspace(space)
      .raw({ depth: info.dtype === 'uint16' ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const samples = newSamples(info);
    if (data.length !== samples.byteLength) throw new Error(`${data.length} bytes of ${samples.byteLength}`);
    bytesOf(samples).set(data);
    return { path, info, samples };
  } catch (error) {
    throw undecodable(path, error);
  }
}

function newSamples({ width, height, channels, dtype }: RasterInfo): Samples {
  const length = width * height * channels;
  return viewSamples(dtype, new ArrayBuffer(length * SAMPLE_BYTES[dtype]), 0, length);
}

/** A held image as a source that readers copy rects from. */
export function sourceOf({ path, info, samples }: Picture): BlockSource {
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const bytes = bytesOf(samples);
  return {
    name: path,
    info,
    layout: layoutOf(info),
    codecContext: { storedPhotometric: info.photometric },
    readBlock: () => bytes,
    readRaw: ({ x, y, width, height }: Rect, into, strideBytes) => {
      for (let row = 0; row < height; row++) {
        const from = ((y + row) * info.width + x) * pixelBytes;
        into.set(bytes.subarray(from, from + width * pixelBytes), row * strideBytes);
      }
      return 0;
    },
    close: () => {},
  };
}

/** One uncompressed block that is the whole image. */
export function layoutOf({ width, height }: RasterInfo): BlockLayout {
  return {
    blockWidth: width,
    blockHeight: height,
    across: 1,
    down: 1,
    planar: false,
    striped: true,
    codec: 'none',
    predictor: 1,
    littleEndian: MACHINE_LITTLE_ENDIAN,
  };
}
