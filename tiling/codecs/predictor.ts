import { MACHINE_LITTLE_ENDIAN } from '../raster/stored-block.js';

/** Rows of one decoded block: samples per pixel that are predicted from the pixel before. */
export interface PredictedRows {
  /** Samples of one row. */
  readonly rowSamples: number;
  /** Samples of each row, from its first, that somebody looks at. */
  readonly wantedSamples: number;
  readonly rows: number;
  /** Samples from one pixel to the next: the channels of a chunky block, 1 of a planar one. */
  readonly step: number;
}

/**
 * Undoes TIFF predictor 2 (horizontal differences, TIFF 6.0 section 14) in place: each sample is the stored one
 * plus the same channel of the pixel before, modulo its width of 1, 2, 4 or 8 bytes; floats are taken as integers. The samples
 * are in the machine's byte order and the bytes aligned to them.
 */
export function undoHorizontal(
  bytes: Uint8Array,
  sampleBytes: number,
  { rowSamples, wantedSamples, rows, step }: PredictedRows,
): void {
  if (sampleBytes === 8) {
    const wide = new BigUint64Array(bytes.buffer, bytes.byteOffset, rowSamples * rows);
    for (let row = 0; row < rows; row++) sumWide(wide, row * rowSamples, row * rowSamples + wantedSamples, step);
    return;
  }
  const samples = integerView(bytes, sampleBytes);
  for (let row = 0; row < rows; row++) {
    const start = row * rowSamples;
    const end = start + wantedSamples;
    if (step === 3) sumTriples(samples, start, end);
    else for (let channel = 0; channel < step; channel++) sumChannel(samples, start + channel, end, step);
  }
}

/** Samples of 64 bits, which wrap when stored. */
function sumWide(samples: BigUint64Array, start: number, end: number, step: number): void {
  for (let i = start + step; i < end; i++) samples[i] = samples[i]! + samples[i - step]!;
}

type IntegerSamples = Uint8Array | Uint16Array | Uint32Array;

/** Running sums of one channel; they stay in a register and wrap when stored. */
function sumChannel(samples: IntegerSamples, start: number, end: number, step: number): void {
  let sum = 0;
  for (let i = start; i < end; i += step) {
    sum = (sum + samples[i]!) | 0;
    samples[i] = sum;
  }
}

/** The same for RGB, twice as fast in one pass. */
function sumTriples(samples: IntegerSamples, start: number, end: number): void {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let i = start; i + 2 < end; i += 3) {
    red = (red + samples[i]!) | 0;
    green = (green + samples[i + 1]!) | 0;
    blue = (blue + samples[i + 2]!) | 0;
    samples[i] = red;
    samples[i + 1] = green;
    samples[i + 2] = blue;
  }
}

/**
 * Undoes TIFF predictor 3 (floating point, Adobe Photoshop TIFF Technical Note 3) in place for floats of 2, 4 or 8 bytes: a row
 * holds the highest bytes of all its samples, then the next ones, as byte differences. The result is in the
 * machine's byte order.
 */
export function undoFloatingPoint(
  bytes: Uint8Array,
  sampleBytes: number,
  { rowSamples, rows, step }: Omit<PredictedRows, 'wantedSamples'>,
): void {
  const rowBytes = rowSamples * sampleBytes;
  const planes = new Uint8Array(rowBytes);
  const words = integerView(bytes, 4);
  for (let row = 0; row < rows; row++) {
    const start = row * rowBytes;
    planes.set(bytes.subarray(start, start + rowBytes));
    for (let i = step; i < rowBytes; i++) planes[i] = planes[i]! + planes[i - step]!;
    if (sampleBytes !== 4) {
      for (let i = 0; i < rowBytes; i++) {
        const byte = Math.floor(i / rowSamples);
        const at = MACHINE_LITTLE_ENDIAN ? sampleBytes - 1 - byte : byte;
        bytes[start + (i % rowSamples) * sampleBytes + at] = planes[i]!;
      }
      continue;
    }
    const first = row * rowSamples;
    for (let i = 0; i < rowSamples; i++) {
      words[first + i] =
        (planes[i]! << 24) |
        (planes[rowSamples + i]! << 16) |
        (planes[2 * rowSamples + i]! << 8) |
        planes[3 * rowSamples + i]!;
    }
  }
}

function integerView(bytes: Uint8Array, sampleBytes: number): IntegerSamples {
  if (sampleBytes === 1) return bytes;
  if (sampleBytes === 2) return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1);
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}
