import { badInput, HalotileError } from '../errors.js';
import type { CodecContext } from '../raster/block-source.js';
import { SAMPLE_BYTES, viewSamples } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import {
  blockBytes,
  blockChannels,
  MACHINE_LITTLE_ENDIAN,
  maxBlockBytes,
  packedBlockBytes,
  storedBlockSize,
} from '../raster/stored-block.js';
import { decodeDeflate } from './deflate.js';
import { decodeJpeg } from './jpeg.js';
import { decodeLzw } from './lzw.js';
import { undoFloatingPoint, undoHorizontal } from './predictor.js';
import { unpackBits } from './single-bits.js';
import { decodeWebp } from './webp.js';
import { decodeZstd } from './zstd.js';

/** Which block it is, for messages and for the size of the last strip. */
export interface BlockWhere {
  readonly file: string;
  /** Block index in its source, channel-major where planar. */
  readonly block: number;
}

/**
 * The samples of one block in the machine's byte order: rows of the block's width, interleaved where chunky,
 * one channel where planar; as many rows as {@link storedBlockSize} says. Empty `encoded` bytes are a sparse
 * block: nodata, or 0 where there is none. `encoded` is taken over and may be the result.
 * Only JPEG, WebP, and ZSTD before its module is loaded, give a promise.
 * @throws bad-input where the bytes are damaged or decode to fewer or more samples than the block has
 */
export function decodeBlock(
  encoded: Uint8Array,
  layout: BlockLayout,
  context: CodecContext,
  info: RasterInfo,
  where: BlockWhere,
): Uint8Array | Promise<Uint8Array> {
  if (encoded.length === 0) return sparseBlock(blockBytes(info, layout, where.block), layout, info, where.block);
  const bytes = packedBlockBytes(info, layout, where.block);
  try {
    const decoded = decompress(encoded, layout, context, info, where.block);
    if (decoded instanceof Promise) {
      return decoded.then(
        (value) => finish(value, bytes, layout, info, where),
        (cause: unknown) => Promise.reject(damaged(cause, layout, where)),
      );
    }
    return finish(decoded, bytes, layout, info, where);
  } catch (cause) {
    throw damaged(cause, layout, where);
  }
}

function decompress(
  encoded: Uint8Array,
  layout: BlockLayout,
  context: CodecContext,
  info: RasterInfo,
  block: number,
): Uint8Array | Promise<Uint8Array> {
  const size = storedBlockSize(info, layout, block);
  const channels = blockChannels(info, layout);
  switch (layout.codec) {
    case 'none':
      return encoded;
    case 'deflate':
      // Some writers store the last strip at full height.
      return decodeDeflate(encoded, maxBlockBytes(info, layout));
    case 'zstd':
      return decodeZstd(encoded, maxBlockBytes(info, layout));
    case 'lzw': {
      const decoded = new Uint8Array(packedBlockBytes(info, layout, block));
      const written = decodeLzw(encoded, decoded);
      if (written < 0) throw new Error('an invalid LZW code');
      return decoded.subarray(0, written);
    }
    case 'jpeg':
      return decodeJpeg(encoded, {
        ...size,
        channels,
        maxHeight: layout.blockHeight,
        storedPhotometric: context.storedPhotometric,
        tables: context.jpegTables,
      });
    case 'webp':
      return decodeWebp(encoded, { ...size, channels });
  }
}

/** Checks the length, then brings bytes into the machine's order and undoes the predictor. */
function finish(
  decoded: Uint8Array,
  bytes: number,
  layout: BlockLayout,
  info: RasterInfo,
  where: BlockWhere,
): Uint8Array {
  if (decoded.length < bytes) {
    throw badInput({
      what: `block ${where.block} decodes to ${decoded.length} bytes`,
      where: where.file,
      expected: `${bytes}`,
      remedy: 'the file is truncated or damaged: copy it again',
    });
  }
  const sampleBytes = SAMPLE_BYTES[info.dtype];
  let block = decoded.length === bytes ? decoded : decoded.subarray(0, bytes);
  if (block.byteOffset % sampleBytes !== 0) block = block.slice();
  const { width, height } = storedBlockSize(info, layout, where.block);
  if (layout.bits !== undefined) return unpackBits(block, { width, height });
  const step = blockChannels(info, layout);
  const rows = { rowSamples: width * step, rows: height, step };
  if (layout.predictor === 3) {
    // The highest bytes come first in either byte order.
    undoFloatingPoint(block, rows);
    return block;
  }
  if (layout.littleEndian !== MACHINE_LITTLE_ENDIAN) swapBytes(block, sampleBytes);
  if (layout.predictor === 2) undoHorizontal(block, info.dtype, rows);
  return block;
}

function swapBytes(bytes: Uint8Array, sampleBytes: 1 | 2 | 4): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (sampleBytes === 2) buffer.swap16();
  else if (sampleBytes === 4) buffer.swap32();
}

function sparseBlock(bytes: number, layout: BlockLayout, info: RasterInfo, block: number): Uint8Array {
  const result = new Uint8Array(bytes);
  const { nodata } = info;
  if (nodata === undefined) return result;
  const samples = viewSamples(info.dtype, result.buffer, 0, bytes / SAMPLE_BYTES[info.dtype]);
  if (layout.planar) {
    samples.fill(nodata[Math.floor(block / (layout.across * layout.down))] ?? 0);
  } else {
    for (let i = 0; i < samples.length; i++) samples[i] = nodata[i % info.channels] ?? 0;
  }
  return result;
}

function damaged(cause: unknown, layout: BlockLayout, { file, block }: BlockWhere): HalotileError {
  if (cause instanceof HalotileError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return badInput(
    {
      what: `block ${block} cannot be decoded as ${layout.codec}: ${reason}`,
      where: file,
      remedy: 'the file is damaged: copy or write it again',
    },
    cause,
  );
}
