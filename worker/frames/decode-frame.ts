import sharp from 'sharp';
import { badInput, HalotileError } from '../../tiling/errors.js';
import type { Size } from '../../tiling/geometry/rect.js';
import { scaleNearestRgba } from '../../tiling/palette/downscale-nearest.js';
import { APNG_APART } from '../../tiling/sources/ingest.js';
import { isPng, pngPictures } from '../../tiling/sources/png-pictures.js';
import { memoryBytes } from '../../tiling/tiff/random-bytes.js';
import { decodePng } from './decode-png.js';
import type { DecodedFrame } from './decoded-frame.js';

// One thread a frame: many frames are decoded at once, and threads inside one only get in each other's way.
sharp.concurrency(1);
sharp.cache(false);

/**
 * Decodes any format that libvips reads, PNG foremost, as 8-bit RGBA with the pixels as stored (no colour
 * management, no orientation): 16 bits become 8 by dropping the low byte, grey is repeated, indexed colours
 * are looked up, missing alpha is 255. Then the nearest downscale to `wanted`;
 * null keeps the size.
 * @param bytes of one picture, which a file's head says of all formats but PNG
 * @throws HalotileError bad-input where the bytes are no whole image
 */
export async function decodeFrame(bytes: Uint8Array, path: string, wanted: Size | null): Promise<DecodedFrame> {
  return decodePng(bytes, wanted) ?? scaled(await decodeAny(bytes, path), wanted);
}

/** A frame by the nearest downscale; null keeps its size. */
export function scaled(frame: DecodedFrame, size: Size | null): DecodedFrame {
  return size === null ? frame : { rgba: scaleNearestRgba(frame.rgba, frame.size, size), size };
}

async function decodeAny(bytes: Uint8Array, path: string): Promise<DecodedFrame> {
  try {
    refuseAnimatedPng(bytes, path);
    const { data, info } = await sharp(bytes, { ignoreIcc: true, sequentialRead: true })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { rgba: data, size: { width: info.width, height: info.height } };
  } catch (error) {
    throw undecodable(path, error);
  }
}

function refuseAnimatedPng(bytes: Uint8Array, path: string): void {
  const pages = isPng(bytes) ? pngPictures(memoryBytes(path, bytes)) : 1;
  if (pages > 1) throw severalPictures(path, { pages, format: 'png' });
}

/** The error of an animation: a frame is a picture of its own, and none goes by without a word. */
export function severalPictures(
  path: string,
  { pages, format }: { readonly pages: number; readonly format: string },
): HalotileError {
  return badInput({
    what: `the file holds ${pages} pictures`,
    file: path,
    expected: 'each frame in a file of its own',
    remedy: `take it apart: ${format === 'png' ? APNG_APART : 'convert IN -coalesce OUT-%03d.png'}`,
  });
}

/** The error of bytes that are no image. */
export function undecodable(path: string, error: unknown): HalotileError {
  if (error instanceof HalotileError) return error;
  const reason = error instanceof Error ? error.message.trim().split('\n')[0] : String(error);
  const what = `the frame cannot be decoded (${reason})`;
  return badInput({ what, file: path, expected: 'a whole PNG, WebP, JPEG, TIFF, GIF or AVIF' }, error);
}
