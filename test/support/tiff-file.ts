import { writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { reverseUnits } from '../../tiling/tiff/directory.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';

/** How a test's input lies in its file; strips of 16 rows, uncompressed and little endian where nothing is said. */
export interface FileLayout {
  /** Side of square tiles, a multiple of 16. */
  readonly tile?: number;
  readonly rowsPerStrip?: number;
  readonly deflate?: boolean;
  /** Horizontal differences; integers only. */
  readonly predictor?: boolean;
  readonly planar?: boolean;
  readonly bigEndian?: boolean;
}

/** What a test's file says beside its pixels. */
export interface FileMetadata {
  readonly nodata?: number;
  readonly alpha?: 'unassociated' | 'associated';
  /** Of each channel beyond the colours, instead of `alpha`. */
  readonly extraSamples?: readonly number[];
  /** 0 white-is-zero, 1 black-is-zero, 2 RGB; by the number of channels where absent. */
  readonly photometric?: 0 | 1 | 2;
  /** Written as they are; types ASCII, SHORT, LONG, RATIONAL (pairs) and DOUBLE, and UNDEFINED. */
  readonly tags?: readonly FileTag[];
}

/** One tag and its values. */
export interface FileTag {
  readonly tag: number;
  readonly type: 2 | 3 | 4 | 5 | 7 | 12;
  readonly values: readonly number[] | string;
}

const VALUE_BYTES = { 2: 1, 3: 2, 4: 4, 5: 4, 7: 1, 12: 8 } as const;

/** Writes a classic TIFF of one directory, blocks first. Independent of the code that writes outputs. */
export function writeTiff(
  path: string,
  raster: TileRaster,
  layout: FileLayout = {},
  metadata: FileMetadata = {},
): void {
  const blocks = encodeBlocks(raster, layout);
  let end = 8;
  const offsets = blocks.map((block) => {
    const offset = end;
    end += block.length + (block.length & 1);
    return offset;
  });
  const tags = tagsOf(raster, layout, metadata, {
    offsets,
    lengths: blocks.map(({ length }) => length),
  });
  const file = Buffer.alloc(end + directoryBytes(tags));
  offsets.forEach((offset, i) => {
    file.set(blocks[i]!, offset);
  });
  writeDirectory(file, end, tags, layout.bigEndian !== true);
  writeFileSync(path, file);
}

function tagsOf(
  { rect, dtype, channels }: TileRaster,
  layout: FileLayout,
  metadata: FileMetadata,
  { offsets, lengths }: { readonly offsets: readonly number[]; readonly lengths: readonly number[] },
): FileTag[] {
  const photometric = metadata.photometric ?? (channels >= 3 ? 2 : 1);
  const colours = photometric === 2 ? 3 : 1;
  const perChannel = (value: number) => new Array<number>(channels).fill(value);
  const alpha = metadata.alpha === undefined ? 0 : metadata.alpha === 'associated' ? 1 : 2;
  const tags: FileTag[] = [
    { tag: 256, type: 4, values: [rect.width] },
    { tag: 257, type: 4, values: [rect.height] },
    { tag: 258, type: 3, values: perChannel(8 * SAMPLE_BYTES[dtype]) },
    { tag: 259, type: 3, values: [layout.deflate ? 8 : 1] },
    { tag: 262, type: 3, values: [photometric] },
    { tag: 277, type: 3, values: [channels] },
    { tag: 284, type: 3, values: [layout.planar ? 2 : 1] },
    { tag: 317, type: 3, values: [layout.predictor ? 2 : 1] },
    { tag: 339, type: 3, values: perChannel(dtype === 'float32' ? 3 : 1) },
    ...(metadata.tags ?? []),
  ];
  if (layout.tile === undefined) {
    tags.push(
      { tag: 273, type: 4, values: offsets },
      { tag: 278, type: 4, values: [layout.rowsPerStrip ?? 16] },
      { tag: 279, type: 4, values: lengths },
    );
  } else {
    tags.push(
      { tag: 322, type: 4, values: [layout.tile] },
      { tag: 323, type: 4, values: [layout.tile] },
      { tag: 324, type: 4, values: offsets },
      { tag: 325, type: 4, values: lengths },
    );
  }
  if (channels > colours) {
    const kinds = metadata.extraSamples ?? new Array<number>(channels - colours).fill(0).with(-1, alpha);
    tags.push({ tag: 338, type: 3, values: kinds });
  }
  if (metadata.nodata !== undefined) {
    tags.push({ tag: 42113, type: 2, values: Number.isNaN(metadata.nodata) ? 'nan' : `${metadata.nodata}` });
  }
  return tags.sort((a, b) => a.tag - b.tag);
}

function encodeBlocks(raster: TileRaster, layout: FileLayout): Uint8Array[] {
  const { width, height } = raster.rect;
  const blockWidth = layout.tile ?? width;
  const blockHeight = layout.tile ?? layout.rowsPerStrip ?? 16;
  const planes = layout.planar ? raster.channels : 1;
  const blocks: Uint8Array[] = [];
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < height; y += blockHeight) {
      for (let x = 0; x < width; x += blockWidth) {
        const rows = layout.tile ?? Math.min(blockHeight, height - y);
        blocks.push(encodeBlock(raster, { x, y, width: blockWidth, height: rows }, plane, layout));
      }
    }
  }
  return blocks;
}

function encodeBlock(raster: TileRaster, rect: TileRaster['rect'], plane: number, layout: FileLayout): Uint8Array {
  const { channels, samples } = raster;
  const step = layout.planar ? 1 : channels;
  const size = rect.width * rect.height * step;
  const block = new (samples.constructor as Uint8ArrayConstructor)(size);
  let at = 0;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let x = rect.x; x < rect.x + rect.width; x++) {
      const inside = x < raster.rect.width && y < raster.rect.height;
      const pixel = (y * raster.rect.width + x) * channels + plane;
      for (let c = 0; c < step; c++) block[at++] = inside ? samples[pixel + c]! : 0;
    }
  }
  if (layout.predictor) {
    const row = rect.width * step;
    for (let start = size - row; start >= 0; start -= row) {
      for (let i = start + row - 1; i >= start + step; i--) block[i] = block[i]! - block[i - step]!;
    }
  }
  const bytes = bytesOf(block);
  if (layout.bigEndian) reverseUnits(bytes, SAMPLE_BYTES[raster.dtype]);
  return layout.deflate ? deflateSync(bytes, { level: 1 }) : bytes;
}

function byteLength({ type, values }: FileTag): number {
  return typeof values === 'string' ? values.length + 1 : values.length * VALUE_BYTES[type];
}

function directoryBytes(tags: readonly FileTag[]): number {
  const outside = tags.map(byteLength).filter((length) => length > 4);
  return 2 + 12 * tags.length + 4 + outside.reduce((sum, length) => sum + length + (length & 1), 0);
}

function writeDirectory(file: Buffer, start: number, tags: readonly FileTag[], little: boolean): void {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  file.write(little ? 'II*\0' : 'MM\0*', 0, 'latin1');
  view.setUint32(4, start, little);
  view.setUint16(start, tags.length, little);
  let valuesAt = start + 2 + 12 * tags.length + 4;
  tags.forEach((tag, i) => {
    const at = start + 2 + 12 * i;
    const length = byteLength(tag);
    view.setUint16(at, tag.tag, little);
    view.setUint16(at + 2, tag.type, little);
    view.setUint32(at + 4, tag.type === 5 ? length / 8 : length / VALUE_BYTES[tag.type], little);
    if (length > 4) {
      view.setUint32(at + 8, valuesAt, little);
      putValues(view, valuesAt, tag, little);
      valuesAt += length + (length & 1);
    } else putValues(view, at + 8, tag, little);
  });
}

function putValues(view: DataView, start: number, { type, values }: FileTag, little: boolean): void {
  const numbers = typeof values === 'string' ? [...Buffer.from(`${values}\0`, 'latin1')] : values;
  numbers.forEach((value, i) => {
    const at = start + i * VALUE_BYTES[type];
    if (type === 3) view.setUint16(at, value, little);
    else if (type === 4 || type === 5) view.setUint32(at, value, little);
    else if (type === 12) view.setFloat64(at, value, little);
    else view.setUint8(at, value);
  });
}
