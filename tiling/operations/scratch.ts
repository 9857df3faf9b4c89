import { SAMPLE_BYTES } from '../raster/dtype.js';
import type { KernelShape } from './descriptor.js';
import type { Footprint } from './footprint/footprint.js';

/** Bytes of a scratch row of `count` float32 samples: whole groups of 16 samples and room to read beyond. */
export function floatRowBytes(count: number): number {
  return (Math.ceil(count / 16) * 16 + 32) * 4;
}

/** Whether samples have weights of their own, which pass through a filter beside them. */
function hasWeights({ weighted, nodata, masked }: Pick<KernelShape, 'weighted' | 'nodata' | 'masked'>): boolean {
  return weighted || nodata || masked === true;
}

/**
 * What a strip's ring of filtered rows may take of a core's own cache. Measured on 31×31 of 3840×2160 uint8: 12.8 ms
 * with strips of whole rows, 13.7 with rings of 128 KiB, 14.5 with 48 and 18 with 24, whose windows overlap more.
 */
const STRIP_RING_BYTES = 256 * 1024;

/** Samples of a row that the fixed-point filter takes at a time: whole vectors of 16. */
export function fixedStrip(samples: number, radius: number): number {
  const fitting = Math.floor(STRIP_RING_BYTES / (4 * (radius + 1)) / 64) * 64;
  return Math.min(Math.ceil(samples / 16) * 16, Math.max(256, fitting));
}

/**
 * Bytes of the rows that a separable filter keeps: padded input rows, a ring of filtered ones, tables. The
 * fixed-point form for uint8 keeps a strip's rows as pairs of 16 bits and two of its input rows.
 */
export function separableScratchBytes(shape: KernelShape, radius: number): number {
  const padded = floatRowBytes((shape.outputWidth + 2 * radius) * shape.channels);
  const row = floatRowBytes(shape.outputWidth * shape.channels);
  const planes = hasWeights(shape) ? 2 : 1;
  const weights = floatRowBytes(radius + 1);
  const addresses = floatRowBytes(2 * radius + 1);
  const float = planes * (padded + row * (2 * radius + 2) + addresses) + 2 * row + weights;
  if (shape.dtype !== 'uint8') return float;
  const strip = fixedStrip(shape.outputWidth * shape.channels, radius);
  const window = floatRowBytes(strip + 2 * radius * shape.channels);
  const fixed = 3 * window + strip * 4 * (radius + 2) + row + 2 * weights + 256;
  return Math.max(float, fixed);
}

/** Lanes of one pixel in the planes of the scale space, whatever its channels. */
export const LANE_BYTES = 16;
/** Channels that the scale space takes at a time. */
export const SCALE_SPACE_CHANNELS = 4;

/**
 * Bytes of a tile's planes on their way through the scale space: samples and weights on the full grid and of one
 * of them all coarser ones, its blurred planes at nine levels on each of those, the sums of both, the places in the
 * scale space and rows.
 */
export function scaleSpaceScratchBytes(shape: KernelShape): number {
  const { width, height } = shape.input;
  // Coarser grids take a third of the full one, and margins where they are small.
  const grids = 2.34 * width * height + 24 * (width + height) + 4096;
  const output = shape.outputWidth * height;
  const blurred = 3 * output + 80 * (shape.outputWidth + height) + 9 * 256;
  const rows = (width + 4096) * 64;
  return Math.ceil((grids + blurred + 2 * output + rows) * LANE_BYTES + output * 5) + groupBytes(shape);
}

/** Bytes of a group of channels of an image that has more than the scale space takes: its input, mask and output. */
function groupBytes({ input, outputWidth, dtype, channels }: KernelShape): number {
  if (channels <= SCALE_SPACE_CHANNELS) return 0;
  const group = SCALE_SPACE_CHANNELS * SAMPLE_BYTES[dtype];
  return input.height * (input.width * (group + 1) + outputWidth * group) + 64;
}

/** Bytes of a direct sum: a plane of samples a channel, one of shares where they have some, a window's weights. */
export function directScratchBytes(shape: KernelShape, radius: number): number {
  const planes = shape.channels * (hasWeights(shape) ? 2 : 1);
  return planes * floatRowBytes(shape.input.width) * shape.input.height + (2 * radius + 1) * 8 + 16;
}

/** Bytes of the planes and rows of an iterated box of side k: one channel, its shares and weights at a time. */
export function diffusionScratchBytes(shape: KernelShape, k: number): number {
  const { width, height } = shape.input;
  const planes = hasWeights(shape) ? 5 : 3;
  const rows = 7 * floatRowBytes(width) + floatRowBytes(width + k) + 2 * floatRowBytes(k);
  return planes * floatRowBytes(width) * height + rows;
}

/** Bytes of the rows that a calibration by images takes: the image's, two frames' and single channels of them. */
export function calibrationScratchBytes(shape: KernelShape): number {
  return 3 * floatRowBytes(shape.outputWidth * shape.channels) + 2 * floatRowBytes(shape.outputWidth);
}

/** Bytes of the sums left of one sample: four float64. */
export const PREFIX_BYTES = 32;

/** What the rows of a footprint may take of a thread's memory, where a narrower strip helps. */
const MAX_RUN_BYTES = 64 * 2 ** 20;
/** A strip's rows hold the footprint's width beside it, so a narrow one is mostly margin. */
const MIN_STRIP = 64;

type RunShape = Pick<KernelShape, 'input' | 'outputWidth' | 'channels'>;

/** Bytes of a footprint's runs as the assembly reads them. */
export function runTableBytes(runs: number): number {
  return runs * 12;
}

/** Output columns that moments by runs take at a time, so that the rows of the footprint stay small. */
export function runStrip({ outputWidth, channels }: Omit<RunShape, 'input'>, footprint: Footprint): number {
  const columnBytes = footprint.height * channels * PREFIX_BYTES;
  const fitting = Math.floor(MAX_RUN_BYTES / columnBytes) - footprint.width;
  return Math.min(outputWidth, Math.max(MIN_STRIP, fitting));
}

/** Bytes of moments by runs: sums along as many rows as the footprint has, the runs, a row of results. */
export function runScratchBytes(shape: RunShape, footprint: Footprint): number {
  const { input, channels } = shape;
  const strip = runStrip(shape, footprint);
  const rows = footprint.height * (Math.min(input.width, strip + footprint.width) + 1) * channels * PREFIX_BYTES;
  return rows + runTableBytes(footprint.runs.length) + strip * channels * 24 + 48;
}

/** Bytes of direct sums under a footprint. */
export function directRunBytes(shape: KernelShape, footprint: Footprint): number {
  return directScratchBytes(shape, 0) + runTableBytes(footprint.runs.length) + 16;
}

/** The rows of moments of one strip of columns, as windows are merged from ends and beginnings of blocks. */
export interface BlockRows {
  /** Output columns that are taken at a time, so that the rows of a window stay small. */
  readonly strip: number;
  /** Input columns that they reach. */
  readonly columns: number;
  /** Bytes of one float64 for each column and channel. */
  readonly planeBytes: number;
  /** Bytes of a row: means, variances, numbers. */
  readonly rowBytes: number;
  /** Bytes of the ends of a block along a row. */
  readonly endBytes: number;
}

/** The rows for an output of a width under a rectangular window. */
export function blockRows({ outputWidth, channels }: Omit<RunShape, 'input'>, window: Footprint): BlockRows {
  const fitting = Math.floor(MAX_RUN_BYTES / (window.height * channels * 24));
  const strip = Math.min(outputWidth, Math.max(MIN_STRIP, fitting));
  const planeBytes = Math.ceil((strip * channels) / 2) * 16;
  return {
    strip,
    columns: strip + window.width - 1,
    planeBytes,
    rowBytes: 3 * planeBytes,
    endBytes: window.width * 48,
  };
}

/** Bytes of moments by blocks: as many rows as the window is high and one more, its ends, two rows of samples. */
export function blockScratchBytes(shape: RunShape, window: Footprint): number {
  const { columns, rowBytes, endBytes } = blockRows(shape, window);
  return (window.height + 1) * rowBytes + endBytes + 2 * (columns * 8 + 16);
}

/**
 * Bytes of the scratch of moments by sums of columns, multiples of 16: columns of int32, sums along those or a row of results,
 * a row of samples. All hold a vector more, since whole groups are written.
 */
export function columnMomentBytes(columns: number, channels: number) {
  const row = Math.ceil((columns * channels) / 16) * 16 + 16;
  return { columns: 4 * row, along: 4 * row + 16 * Math.ceil(channels / 4) + 32, row };
}
