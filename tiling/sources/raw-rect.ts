import type { RandomBytes } from '../tiff/random-bytes.js';
import { NOT_STORED, type RawRun } from './raw-runs.js';

/** Rows that must be cut pass through this much memory, small enough to stay in a core's cache. */
const SCRATCH_BYTES = 256 << 10;
let scratch = new Uint8Array(0);

/**
 * Copies rows of uncompressed pixels from a file to `into`, rows `strideBytes` apart. Returns the bytes read.
 * @param blank so many bytes of nodata, for rows that were never written
 */
export function readRuns(
  file: RandomBytes,
  runs: Iterable<RawRun>,
  into: Uint8Array,
  strideBytes: number,
  blank: (rowBytes: number) => Uint8Array,
): number {
  let bytesRead = 0;
  for (const run of runs) {
    const { offset, rows, rowBytes, fileStride, withGaps, at } = run;
    if (offset === NOT_STORED) {
      const row = blank(rowBytes);
      for (let i = 0; i < rows; i++) into.set(row, at + i * strideBytes);
    } else if (rows === 1 || (fileStride === rowBytes && strideBytes === rowBytes)) {
      file.readInto(into.subarray(at, at + rows * rowBytes), offset, 'pixel rows');
      bytesRead += rows * rowBytes;
    } else if (!withGaps) {
      for (let i = 0; i < rows; i++) {
        const start = at + i * strideBytes;
        file.readInto(into.subarray(start, start + rowBytes), offset + i * fileStride, 'pixel rows');
      }
      bytesRead += rows * rowBytes;
    } else bytesRead += readCut(file, run, into, strideBytes);
  }
  return bytesRead;
}

/** Reads a few rows at a time with what lies between them, then copies the columns that count. */
function readCut(
  file: RandomBytes,
  { offset, rows, rowBytes, fileStride, at }: RawRun,
  into: Uint8Array,
  strideBytes: number,
): number {
  const rowsAtOnce = Math.floor(SCRATCH_BYTES / fileStride);
  if (scratch.length === 0) scratch = new Uint8Array(SCRATCH_BYTES);
  let bytesRead = 0;
  for (let row = 0; row < rows; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - row);
    // From the first byte that counts to the last one.
    const span = (count - 1) * fileStride + rowBytes;
    file.readInto(scratch.subarray(0, span), offset + row * fileStride, 'pixel rows');
    for (let i = 0; i < count; i++) {
      into.set(scratch.subarray(i * fileStride, i * fileStride + rowBytes), at + (row + i) * strideBytes);
    }
    bytesRead += span;
  }
  return bytesRead;
}
