import zlib from 'node:zlib';
import type { Sharp } from 'sharp';
import { badUsage } from '../errors.js';
import type { Encoding } from '../plan/plan.js';
import { type DeflateRuns, deflateRuns, encodeDeflate } from './deflate.js';
import { loadSharp } from './load-sharp.js';

/** The pixels of one output block: 8-bit where the codec is JPEG or WebP. */
export interface BlockPixels {
  readonly side: number;
  readonly channels: number;
}

/** zlib's ZSTD, which Node has from 22.15 on. */
type ZstdCompress = (bytes: Uint8Array, options: { params: Record<number, number> }) => Uint8Array;
const zstd = zlib as unknown as { zstdCompressSync?: ZstdCompress };
const ZSTD_COMPRESSION_LEVEL = 100;

/**
 * One block's bytes as they go into the file. `pixels` are predicted already and stay the caller's; the result
 * may be a view of them. A promise only for JPEG and WebP. `runs` is what deflates by run lengths.
 */
export function encodeBlock(
  pixels: Uint8Array,
  { side, channels }: BlockPixels,
  encoding: Encoding,
  runs: DeflateRuns = deflateRuns,
): Uint8Array | Promise<Uint8Array> {
  switch (encoding.codec) {
    case 'none':
      return pixels;
    case 'deflate':
      return encodeDeflate(pixels, encoding, runs, pixels.length / side);
    case 'zstd':
      return zstd.zstdCompressSync!(pixels, { params: { [ZSTD_COMPRESSION_LEVEL]: encoding.level } });
    case 'jpeg':
      return encodePicture(pixels, { side, channels }, (picture) =>
        picture.jpeg({ quality: encoding.quality, chromaSubsampling: '4:4:4' }),
      );
    case 'webp':
      // Without `exact` it would not keep colours under clear pixels, which a later change of alpha may show.
      return encodePicture(pixels, { side, channels }, (picture) =>
        picture.webp({ quality: encoding.quality, exact: true }),
      );
  }
}

/**
 * Refuses a codec that this runtime lacks, before any work.
 * @throws bad-usage
 */
export function checkCodecAvailable({ codec }: Pick<Encoding, 'codec'>): void {
  if (codec !== 'zstd' || zstd.zstdCompressSync !== undefined) return;
  throw badUsage({
    what: `Node ${process.versions.node} has no ZSTD compression`,
    expected: 'Node 22.15 or newer',
    remedy: 'use --compression deflate',
  });
}

async function encodePicture(
  pixels: Uint8Array,
  { side, channels }: BlockPixels,
  format: (picture: Sharp) => Sharp,
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const raw = { width: side, height: side, channels: channels as 1 | 2 | 3 | 4 };
  // Grey would become RGB otherwise.
  const space = channels === 1 ? 'b-w' : 'srgb';
  return format(sharp(pixels, { raw }).toColourspace(space)).toBuffer();
}
