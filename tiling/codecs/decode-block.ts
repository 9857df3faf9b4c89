import { badInput, HalotileError } from '../errors.js';
import type { CodecContext } from '../raster/block-source.js';
import { SAMPLE_BYTES, viewSamples } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import {
  blockBytes,
  blockChannels,
  maxPackedBytes,
  packedBlockBytes,
  sizeInImage,
  storedBits,
  storedBlockSize,
  storedChannels,
} from '../raster/stored-block.js';
import { decodeDeflate } from './deflate.js';
import { decodeJpeg } from './jpeg.js';
import { decodeJpeg2000 } from './jpeg2000.js';
import { decodeLerc } from './lerc.js';
import { decodeLzw } from './lzw.js';
import { decodePackBits } from './packbits.js';
import { undoFloatingPoint, undoHorizontal } from './predictor.js';
import { flipChroma } from './signed-chroma.js';
import { convertStored, NoLabel, reverseBits, toMachineOrder } from './stored-samples.js';
import { decodeWebp } from './webp.js';
import { spreadChroma, toRgb } from './ycbcr.js';
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
 * Only JPEG, JPEG 2000, WebP, LERC, and ZSTD before its module is loaded, give a promise.
 * @throws bad-input where the bytes are damaged or decode to fewer or more samples than the block has
 */
export function decodeBlock(
  encoded: Uint8Array,
  layout: BlockLayout,
  context: CodecContext,
  info: RasterInfo,
  where: BlockWhere,
): Uint8Array | Promise<Uint8Array> {
  if (encoded.length === 0) return sparseBlock(layout, info, where.block, context.palette);
  if (layout.lowestFirst === true) reverseBits(encoded);
  const bytes = packedBlockBytes(info, layout, where.block);
  try {
    const decoded = decompress(encoded, layout, context, info, where.block);
    if (decoded instanceof Promise) {
      return decoded.then(
        (value) => finish(value, { bytes, layout, info, where, palette: context.palette }),
        (cause: unknown) => Promise.reject(damaged(cause, layout, where)),
      );
    }
    return finish(decoded, { bytes, layout, info, where, palette: context.palette });
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
      return decodeDeflate(encoded, maxPackedBytes(info, layout));
    case 'zstd':
      return decodeZstd(encoded, maxPackedBytes(info, layout));
    case 'lzw': {
      const decoded = new Uint8Array(packedBlockBytes(info, layout, block));
      const written = decodeLzw(encoded, decoded);
      if (written < 0) throw new Error('an invalid LZW code');
      return decoded.subarray(0, written);
    }
    case 'packbits': {
      const decoded = new Uint8Array(packedBlockBytes(info, layout, block));
      return decoded.subarray(0, decodePackBits(encoded, decoded));
    }
    case 'jpeg':
      return decodeJpeg(encoded, {
        ...size,
        channels,
        maxHeight: layout.blockHeight,
        storedPhotometric: context.storedPhotometric,
        tables: context.jpegTables,
      });
    case 'lerc':
      return decodeLerc(encoded, {
        ...size,
        maxHeight: layout.blockHeight,
        ...{ channels: storedChannels(info, layout), bits: storedBits(info, layout) },
        isFloat: layout.stored === undefined ? info.dtype === 'float32' : layout.stored.kind === 'float',
        packing: context.lercPacking ?? 0,
      });
    case 'jpeg2000':
      return decodeJpeg2000(encoded, {
        ...{ ...size, channels, maxHeight: layout.blockHeight, bits: storedBits(info, layout) },
        isSigned: layout.stored?.kind === 'signed',
        isYcbcr: context.storedPhotometric === 6,
      });
    case 'webp':
      return decodeWebp(encoded, { ...size, channels });
  }
}

/** Checks the length, then brings bytes into the machine's order and undoes the predictor. */
function finish(
  decoded: Uint8Array,
  {
    bytes,
    layout,
    info,
    where,
    palette,
  }: {
    readonly bytes: number;
    readonly layout: BlockLayout;
    readonly info: RasterInfo;
    readonly where: BlockWhere;
    readonly palette: Uint8Array | undefined;
  },
): Uint8Array {
  if (decoded.length < bytes) {
    throw badInput({
      what: `block ${where.block} decodes to ${decoded.length} bytes`,
      file: where.file,
      expected: `${bytes}`,
      remedy: 'the file is truncated or damaged: copy it again',
    });
  }
  const sampleBytes = storedBits(info, layout) / 8;
  let block = decoded.length === bytes ? decoded : decoded.subarray(0, bytes);
  if (block.byteOffset % Math.ceil(sampleBytes) !== 0) block = block.slice();
  const { width, height } = storedBlockSize(info, layout, where.block);
  if (layout.chroma !== undefined) {
    const { chroma } = layout;
    const pixels = spreadChroma(block, chroma, { width, height });
    toRgb(pixels, chroma);
    return pixels;
  }
  const step = storedChannels(info, layout);
  const rows = { rowSamples: width * step, rows: height, step };
  // What reaches beyond the image is looked at by conversions alone.
  const wanted = layout.stored === undefined ? sizeInImage(info, layout, where.block) : { width, height };
  const predicted = { ...rows, rows: wanted.height, wantedSamples: wanted.width * step };
  // The highest bytes come first in either byte order.
  if (layout.predictor === 3) undoFloatingPoint(block, sampleBytes, predicted);
  else {
    // JPEG 2000 has an order of its own, which its decoder undoes.
    if (layout.codec !== 'jpeg2000') toMachineOrder(block, sampleBytes, layout.littleEndian);
    if (layout.predictor === 2) undoHorizontal(block, sampleBytes, predicted);
  }
  if (layout.signedChroma === true) flipChroma(block, { ...chromaPlaces(layout, where.block), sampleBytes, step });
  if (layout.stored === undefined) return block;
  try {
    return convertStored(block, layout.stored, rows, info.dtype, palette);
  } catch (error) {
    if (!(error instanceof NoLabel)) throw error;
    const pixel = Math.floor(error.index / step);
    throw badInput({
      what: `a label of ${error.value}, ${pixel % width} right of and ${Math.floor(pixel / width)} below the corner of block ${where.block}`,
      file: where.file,
      expected: '0 to 4294967295',
    });
  }
}

/** The channel that a block of a plane holds. */
function chromaPlaces({ planar, across, down }: BlockLayout, block: number): { readonly channel: number } {
  return { channel: planar ? Math.floor(block / (across * down)) : 0 };
}

/** Nodata where the raster has it, otherwise what stored zeros are. */
function sparseBlock(
  layout: BlockLayout,
  info: RasterInfo,
  block: number,
  palette: Uint8Array | undefined,
): Uint8Array {
  const bytes = blockBytes(info, layout, block);
  const result = new Uint8Array(bytes);
  const { nodata } = info;
  if (palette !== undefined) {
    for (let i = 0; i < bytes; i++) result[i] = palette[i % 3]!;
    return result;
  }
  if (layout.signedChroma === true) {
    const places = { sampleBytes: SAMPLE_BYTES[info.dtype], step: blockChannels(info, layout) };
    flipChroma(result, { ...places, ...chromaPlaces(layout, block) });
  }
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
      file,
      remedy: 'the file is damaged: copy or write it again',
    },
    cause,
  );
}
