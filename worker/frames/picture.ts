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
const PNG_SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** What the first bytes of an image file say. */
export interface PictureHead {
  readonly isTiff: boolean;
  /** As stored. */
  readonly size: Size;
  /** Of the file. */
  readonly bytes: number;
}

/**
 * The size of an image by its header alone; `content` is what the file at `path` holds, where it is
 * held.
 * @throws HalotileError bad-input where there is none
 */
export async function readHead(path: string, content?: Uint8Array): Promise<PictureHead> {
  const { head, bytes } = content === undefined ? firstBytes(path) : firstOf(content);
  if (content === undefined && head.length >= 4 && looksLikeTiff(head)) {
    const source = openTiffSource(path);
    source.close();
    return { isTiff: true, size: source.info, bytes };
  }
  if (isPng(head)) {
    return { isTiff: false, size: { width: head.readUInt32BE(16), height: head.readUInt32BE(20) }, bytes };
  }
  refuseUnread(head, path);
  try {
    const { width, height } = await sharp(content ?? path, { limitInputPixels: false }).metadata();
    return { isTiff: false, size: { width, height }, bytes };
  } catch (error) {
    throw undecodable(path, error);
  }
}

/** Whether the first bytes of a file are a PNG's, its size among them. */
export function isPng(head: Uint8Array): boolean {
  return head.length >= 24 && PNG_SIGNATURE.equals(head.subarray(0, 8));
}

function firstOf(content: Uint8Array): { readonly head: Buffer; readonly bytes: number } {
  return { head: Buffer.from(content.subarray(0, HEAD_BYTES)), bytes: content.length };
}

function firstBytes(path: string): { readonly head: Buffer; readonly bytes: number } {
  let fd: number;
  try {
    fd = openSync(path, READ_AT_ONCE);
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    if (!fstatSync(fd).isFile()) throw Object.assign(new Error('no regular file'), { code: 'no regular file' });
    const head = Buffer.alloc(HEAD_BYTES);
    return { head: head.subarray(0, readSync(fd, head, 0, HEAD_BYTES, 0)), bytes: fstatSync(fd).size };
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
 * @throws HalotileError bad-input
 */
export async function readPicture(path: string, isTiff: boolean): Promise<Picture> {
  return inRgb(isTiff ? await readTiff(path) : await decodePicture(path));
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
async function decodePicture(path: string): Promise<Picture> {
  const info = await describePicture(path, 1);
  const { pages = 1 } = await sharp(path, { limitInputPixels: false }).metadata();
  if (pages > 1) throw severalPictures(path, pages);
  const space = colourSpaceOf(info);
  try {
    const { data } = await sharp(path, { limitInputPixels: false, sequentialRead: true, ignoreIcc: true })
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
