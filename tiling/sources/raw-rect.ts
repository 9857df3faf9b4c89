import type { Rect } from '../geometry/rect.js';
import { SAMPLE_BYTES, viewSamples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { TiffRaster } from '../tiff/tiff-raster.js';
import type { RandomBytes } from './random-bytes.js';

/** Rows of tiles pass through this much memory, small enough to stay in a core's cache. */
const SCRATCH_BYTES = 256 << 10;
let scratch = new Uint8Array(0);

/**
 * Copies a rect of uncompressed strips to `into`, straight from the file: one read for each row, or one for a
 * run of whole rows that lie together both in the file and at the destination.
 */
export function readRawStrips(
  file: RandomBytes,
  { info, layout, blocks }: TiffRaster,
  rect: Rect,
  into: Uint8Array,
  strideBytes: number,
): number {
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const fileRow = info.width * pixelBytes;
  const rowBytes = rect.width * pixelBytes;
  const together = rowBytes === fileRow && (strideBytes === rowBytes || rect.height === 1);
  let bytesRead = 0;
  // The run of rows that waits for its read.
  let runStart = 0;
  let runOffset = 0;
  let runBytes = 0;
  const flush = () => {
    if (runBytes === 0) return;
    file.readInto(into.subarray(runStart, runStart + runBytes), runOffset, 'pixel rows');
    bytesRead += runBytes;
    runBytes = 0;
  };
  for (let row = 0; row < rect.height; ) {
    const y = rect.y + row;
    const strip = Math.floor(y / layout.blockHeight);
    const top = strip * layout.blockHeight;
    const rows = Math.min(rect.height - row, top + layout.blockHeight - y);
    const place = blocks.place(strip);
    if (place.length === 0) {
      flush();
      fillNodata(info, rows, rowBytes, into, row * strideBytes, strideBytes);
    } else {
      const offset = place.offset + (y - top) * fileRow + rect.x * pixelBytes;
      if (together) {
        if (runBytes > 0 && runOffset + runBytes !== offset) flush();
        if (runBytes === 0) {
          runStart = row * strideBytes;
          runOffset = offset;
        }
        runBytes += rows * rowBytes;
      } else {
        for (let i = 0; i < rows; i++) {
          const at = (row + i) * strideBytes;
          file.readInto(into.subarray(at, at + rowBytes), offset + i * fileRow, `block ${strip}`);
        }
        bytesRead += rows * rowBytes;
      }
    }
    row += rows;
  }
  flush();
  return bytesRead;
}

/**
 * Copies a rect of uncompressed tiles to `into`: of each tile the rows that count, a few at a time, then from
 * there the columns that count.
 */
export function readRawTiles(
  file: RandomBytes,
  { info, layout, blocks }: TiffRaster,
  rect: Rect,
  into: Uint8Array,
  strideBytes: number,
): number {
  const { blockWidth, blockHeight, across } = layout;
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const tileRow = blockWidth * pixelBytes;
  const rowsAtOnce = Math.max(1, Math.floor(SCRATCH_BYTES / tileRow));
  if (scratch.length < rowsAtOnce * tileRow) scratch = new Uint8Array(Math.max(SCRATCH_BYTES, rowsAtOnce * tileRow));
  let bytesRead = 0;
  const bottom = rect.y + rect.height;
  const right = rect.x + rect.width;
  for (let y = rect.y; y < bottom; ) {
    const tileY = Math.floor(y / blockHeight);
    const yEnd = Math.min(bottom, (tileY + 1) * blockHeight);
    for (let x = rect.x; x < right; ) {
      const tileX = Math.floor(x / blockWidth);
      const xEnd = Math.min(right, (tileX + 1) * blockWidth);
      const index = tileY * across + tileX;
      const place = blocks.place(index);
      const left = (x - tileX * blockWidth) * pixelBytes;
      const cutBytes = (xEnd - x) * pixelBytes;
      const at = (y - rect.y) * strideBytes + (x - rect.x) * pixelBytes;
      if (place.length === 0) {
        fillNodata(info, yEnd - y, cutBytes, into, at, strideBytes);
      } else {
        for (let row = y; row < yEnd; row += rowsAtOnce) {
          const rows = Math.min(rowsAtOnce, yEnd - row);
          // From the first byte that counts to the last one.
          const span = (rows - 1) * tileRow + cutBytes;
          const offset = place.offset + (row - tileY * blockHeight) * tileRow + left;
          const target = at + (row - y) * strideBytes;
          if (rows === 1 || (cutBytes === tileRow && strideBytes === tileRow)) {
            file.readInto(into.subarray(target, target + span), offset, `block ${index}`);
          } else {
            file.readInto(scratch.subarray(0, span), offset, `block ${index}`);
            for (let i = 0; i < rows; i++) {
              into.set(scratch.subarray(i * tileRow, i * tileRow + cutBytes), target + i * strideBytes);
            }
          }
          bytesRead += span;
        }
      }
      x = xEnd;
    }
    y = yEnd;
  }
  return bytesRead;
}

/** Fills what was never written with nodata, or 0 where there is none. */
function fillNodata(
  info: RasterInfo,
  rows: number,
  rowBytes: number,
  into: Uint8Array,
  at: number,
  strideBytes: number,
): void {
  const row = new Uint8Array(rowBytes);
  const samples = viewSamples(info.dtype, row.buffer, 0, rowBytes / SAMPLE_BYTES[info.dtype]);
  if (info.nodata !== undefined) {
    for (let i = 0; i < samples.length; i++) samples[i] = info.nodata[i % info.channels] ?? 0;
  }
  for (let i = 0; i < rows; i++) into.set(row, at + i * strideBytes);
}
