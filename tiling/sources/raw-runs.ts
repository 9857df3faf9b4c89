import type { Rect } from '../geometry/rect.js';
import type { ByteRange } from '../places/opener.js';
import { SAMPLE_BYTES, viewSamples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { TiffRaster } from '../tiff/tiff-raster.js';

/** Rows of pixels that lie at even distances in a file, and where they go. */
export interface RawRun {
  /** Of the first row in the file; {@link NOT_STORED} for rows that were never written. */
  readonly offset: number;
  readonly rows: number;
  /** What counts of a row. */
  readonly rowBytes: number;
  /** From one row to the next in the file. */
  readonly fileStride: number;
  /** Whether what lies between the rows is read with them, which beats a call for each row. */
  readonly withGaps: boolean;
  /** Of the first row in the destination, whose rows lie the caller's stride apart. */
  readonly at: number;
}

/** Rows of a block that is wider than this are read one by one: what lies between would cost more than a call. */
const MAX_STRIDE_BYTES = 16 << 10;
/**
 * How much may lie between rows of strips for one that counts. What lies beside a tile's columns is the next tiles',
 * each of which would read it all again, up to the image's width in tiles.
 */
const MAX_STRIP_GAP = 0.2;

/** Offset of rows that are nodata, see {@link nodataRow}. */
export const NOT_STORED = -1;

/**
 * Where the pixels of `rect`, which lies in the image, are in a file of uncompressed blocks; each of them once, in no
 * order that matters. Whole rows that lie together both in the file and at the destination are one run.
 */
export function rawRuns(raster: TiffRaster, rect: Rect, strideBytes: number): Iterable<RawRun> {
  return raster.layout.striped ? stripRuns(raster, rect, strideBytes) : tileRuns(raster, rect, strideBytes);
}

function* stripRuns({ info, layout, blocks }: TiffRaster, rect: Rect, strideBytes: number): Generator<RawRun> {
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const fileRow = info.width * pixelBytes;
  const rowBytes = rect.width * pixelBytes;
  const withGaps = fileRow <= MAX_STRIDE_BYTES && fileRow - rowBytes <= MAX_STRIP_GAP * rowBytes;
  const together = rowBytes === fileRow && (strideBytes === rowBytes || rect.height === 1);
  let waiting: RawRun | undefined;
  for (let row = 0; row < rect.height; ) {
    const y = rect.y + row;
    const strip = Math.floor(y / layout.blockHeight);
    const top = strip * layout.blockHeight;
    const rows = Math.min(rect.height - row, top + layout.blockHeight - y);
    const place = blocks.place(strip);
    const offset = place.length === 0 ? NOT_STORED : place.offset + (y - top) * fileRow + rect.x * pixelBytes;
    if (together && waiting !== undefined && offset === waiting.offset + waiting.rows * fileRow) {
      waiting = { ...waiting, rows: waiting.rows + rows };
    } else {
      if (waiting !== undefined) yield waiting;
      waiting = { offset, rows, rowBytes, fileStride: fileRow, withGaps, at: row * strideBytes };
    }
    row += rows;
  }
  if (waiting !== undefined) yield waiting;
}

function* tileRuns({ info, layout, blocks }: TiffRaster, rect: Rect, strideBytes: number): Generator<RawRun> {
  const { blockWidth, blockHeight, across } = layout;
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const fileStride = blockWidth * pixelBytes;
  const bottom = rect.y + rect.height;
  const right = rect.x + rect.width;
  for (let y = rect.y; y < bottom; ) {
    const tileY = Math.floor(y / blockHeight);
    const yEnd = Math.min(bottom, (tileY + 1) * blockHeight);
    for (let x = rect.x; x < right; ) {
      const tileX = Math.floor(x / blockWidth);
      const xEnd = Math.min(right, (tileX + 1) * blockWidth);
      const place = blocks.place(tileY * across + tileX);
      const inTile = (y - tileY * blockHeight) * fileStride + (x - tileX * blockWidth) * pixelBytes;
      yield {
        offset: place.length === 0 ? NOT_STORED : place.offset + inTile,
        rows: yEnd - y,
        rowBytes: (xEnd - x) * pixelBytes,
        fileStride,
        withGaps: fileStride <= MAX_STRIDE_BYTES,
        at: (y - rect.y) * strideBytes + (x - rect.x) * pixelBytes,
      };
      x = xEnd;
    }
    y = yEnd;
  }
}

/** The bytes of a file in which the rows of a run lie, with what is between them where that is little. */
export function rangesOf({ offset, rows, rowBytes, fileStride, withGaps }: RawRun): ByteRange[] {
  if (offset === NOT_STORED) return [];
  if (withGaps) return [{ offset, length: (rows - 1) * fileStride + rowBytes }];
  return Array.from({ length: rows }, (_, row) => ({ offset: offset + row * fileStride, length: rowBytes }));
}

/** What stands for `rowBytes` of whole pixels that were never written: nodata, or 0 where there is none. */
export function nodataRow(info: RasterInfo, rowBytes: number): Uint8Array {
  const row = new Uint8Array(rowBytes);
  const { nodata, channels, dtype } = info;
  if (nodata === undefined) return row;
  const samples = viewSamples(dtype, row.buffer, 0, rowBytes / SAMPLE_BYTES[dtype]);
  for (let i = 0; i < samples.length; i++) samples[i] = nodata[i % channels] ?? 0;
  return row;
}
