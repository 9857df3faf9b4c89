import { cellsTouching, gridOf } from '../geometry/grid.js';
import type { Rect, Size } from '../geometry/rect.js';
import { SAMPLE_BYTES } from './dtype.js';
import type { BlockLayout, RasterInfo } from './raster-info.js';
import type { StoredChroma } from './ycbcr-meaning.js';

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

/** The pixels of block `index` that lie in the image: the last tiles of a row or column reach beyond it. */
export function sizeInImage({ width, height }: RasterInfo, layout: BlockLayout, index: number): Size {
  const cell = index % (layout.across * layout.down);
  const column = cell % layout.across;
  const row = Math.floor(cell / layout.across);
  return {
    width: Math.min(layout.blockWidth, width - column * layout.blockWidth),
    height: Math.min(layout.blockHeight, height - row * layout.blockHeight),
  };
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

/** Channels of one block as they are stored: indexed colours are one. */
export function storedChannels(info: RasterInfo, layout: BlockLayout): number {
  return layout.stored?.indexed ? 1 : blockChannels(info, layout);
}

/** Bits of one stored sample. */
export function storedBits({ dtype }: RasterInfo, { stored }: BlockLayout): number {
  return stored?.bits ?? SAMPLE_BYTES[dtype] * 8;
}

/** Whole bytes of a row of samples that lie side by side. */
export function packedRowBytes(samples: number, bits: number): number {
  return Math.ceil((samples * bits) / 8);
}

/** Bytes that block `index` has when its codec is undone: as {@link blockBytes}, or as its samples are stored. */
export function packedBlockBytes(info: RasterInfo, layout: BlockLayout, index: number): number {
  const { width, height } = storedBlockSize(info, layout, index);
  if (layout.chroma !== undefined) return chromaBytes(layout.chroma, width, height);
  return packedRowBytes(width * storedChannels(info, layout), storedBits(info, layout)) * height;
}

/** The same of the largest block; some writers store the last strip at full height. */
export function maxPackedBytes(info: RasterInfo, layout: BlockLayout): number {
  if (layout.chroma !== undefined) return chromaBytes(layout.chroma, layout.blockWidth, layout.blockHeight);
  const samples = layout.blockWidth * storedChannels(info, layout);
  return packedRowBytes(samples, storedBits(info, layout)) * layout.blockHeight;
}

/** Bytes of whole units of YCbCr, also where the block ends within one. */
function chromaBytes({ across, down }: StoredChroma, width: number, height: number): number {
  return Math.ceil(width / across) * Math.ceil(height / down) * (across * down + 2);
}

/** Whether this machine stores the lowest byte first. */
export const MACHINE_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Whether samples lie in the file as the machine has them, so that a rect is read without decoding blocks. */
export function isRawLayout(info: RasterInfo, layout: BlockLayout): boolean {
  const native = SAMPLE_BYTES[info.dtype] === 1 || layout.littleEndian === MACHINE_LITTLE_ENDIAN;
  const { stored, chroma, lowestFirst, signedChroma } = layout;
  const asStored = stored === undefined && chroma === undefined && lowestFirst !== true && signedChroma !== true;
  return layout.codec === 'none' && !layout.planar && asStored && native;
}

/** The stored blocks in which the pixels of `rect` lie, cell by cell, with all planes of each. */
export function blocksTouching(info: RasterInfo, layout: BlockLayout, rect: Rect): number[] {
  const grid = gridOf(info, { width: layout.blockWidth, height: layout.blockHeight });
  const planes = layout.planar ? info.channels : 1;
  const planeBlocks = layout.across * layout.down;
  return cellsTouching(grid, rect).flatMap((cell) =>
    Array.from({ length: planes }, (_, plane) => plane * planeBlocks + cell),
  );
}
