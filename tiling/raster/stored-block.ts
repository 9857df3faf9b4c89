import type { Size } from '../geometry/rect.js';
import { SAMPLE_BYTES } from './dtype.js';
import type { BlockLayout, RasterInfo } from './raster-info.js';

/** Number of blocks of a raster; planar layouts have each channel's. */
export function storedBlockCount(info: RasterInfo, layout: BlockLayout): number {
  return layout.across * layout.down * (layout.planar ? info.channels : 1);
}

/** The pixels that block `index` stores: tiles whole, the last strip cut at the image. */
export function storedBlockSize(info: RasterInfo, layout: BlockLayout, index: number): Size {
  if (!layout.striped) return { width: layout.blockWidth, height: layout.blockHeight };
  const row = Math.floor((index % (layout.across * layout.down)) / layout.across);
  return { width: layout.blockWidth, height: Math.min(layout.blockHeight, info.height - row * layout.blockHeight) };
}

/** Channels that one block stores. */
export function blockChannels(info: RasterInfo, layout: BlockLayout): number {
  return layout.planar ? 1 : info.channels;
}

/** Bytes that block `index` decodes to. */
export function blockBytes(info: RasterInfo, layout: BlockLayout, index: number): number {
  const { width, height } = storedBlockSize(info, layout, index);
  return width * height * blockChannels(info, layout) * SAMPLE_BYTES[info.dtype];
}

/** Bytes that the largest block decodes to: the slot size of a block cache. */
export function maxBlockBytes(info: RasterInfo, layout: BlockLayout): number {
  return layout.blockWidth * layout.blockHeight * blockChannels(info, layout) * SAMPLE_BYTES[info.dtype];
}

/** Bytes that block `index` has when its codec is undone: as {@link blockBytes}, or packed single bits. */
export function packedBlockBytes(info: RasterInfo, layout: BlockLayout, index: number): number {
  if (layout.bits === undefined) return blockBytes(info, layout, index);
  const { width, height } = storedBlockSize(info, layout, index);
  return Math.ceil(width / 8) * height;
}

/** Whether this machine stores the lowest byte first. */
export const MACHINE_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Whether samples lie in the file as the machine has them, so that a rect is read without decoding blocks. */
export function isRawLayout(info: RasterInfo, layout: BlockLayout): boolean {
  const native = SAMPLE_BYTES[info.dtype] === 1 || layout.littleEndian === MACHINE_LITTLE_ENDIAN;
  return layout.codec === 'none' && !layout.planar && layout.bits === undefined && native;
}
