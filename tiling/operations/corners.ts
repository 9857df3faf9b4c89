import type { Size } from '../geometry/rect.js';
import { INTEGER_MAX, SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { Border, KernelShape, Operation } from './descriptor.js';
import {
  ANY_SINGLES,
  bitsOf,
  type Digits,
  digitBits,
  digitsOver,
  joinedBits,
  productBits,
  type SampleBits,
  squareBits,
} from './digits.js';

/**
 * How windows too wide for a halo are summed: from four values of the image's summed-area table each. Of the table only
 * the rows and columns at the edges of square cells are kept; inside a cell it is made anew from the cell's pixels.
 */
export interface Corners {
  /** Of a cell, in pixels. */
  readonly cellSide: number;
  /** What a pixel's sums are of. */
  readonly layout: LaneLayout;
  /** Tiles whose largest radius is above this read corners, others a halo. */
  readonly aboveRadius: number;
}

/**
 * The sums of a pixel, side by side: of each channel its digits, and, where samples have weights, then of each channel the
 * digits of its weight; where samples may not be finite, of each channel how many are not; and at the end, where deviations
 * are asked for, of each channel the digits of its square.
 */
export interface LaneLayout {
  /** All of them. */
  readonly lanes: number;
  /** Of samples times their weights; integers that one sum holds have none, and are one lane. */
  readonly digits?: Digits;
  /** Of weights; whole numbers that one sum holds have none. */
  readonly weightDigits?: Digits;
  readonly weighted: boolean;
  readonly countsBad: boolean;
  /** Of the squares of samples, which alpha does not weigh. */
  readonly squares?: Digits;
}

/** Runs of corners that wait for their cells at a time. */
export const CORNER_RUNS = 1 << 19;

/** How an operation reads corners; undefined where it reads halos only. */
export function cornersOf({ params }: Operation): Corners | undefined {
  return params.corners as Corners | undefined;
}

/** Whether tiles with this largest radius read corners. */
export function takesCorners(operation: Operation, radius: number): boolean {
  const corners = cornersOf(operation);
  return corners !== undefined && radius > corners.aboveRadius;
}

/** What decides how windows are summed from corners. */
export interface WindowSamples {
  readonly masked: boolean;
  readonly border: Border;
  readonly constantValue: number;
  /** The widest window's. */
  readonly radius: number;
  /** Of float32, where its samples were looked at. */
  readonly bits?: SampleBits | undefined;
  /** Squares are summed too, and alpha is one more channel. */
  readonly squares?: boolean;
}

/** The lanes of a pixel's sums; undefined where so many pixels are summed that no lane would be exact. */
export function laneLayout(image: RasterInfo, samples: WindowSamples): LaneLayout | undefined {
  const { width, height, channels, dtype, alpha, nodata } = image;
  const { border, radius, masked, constantValue, squares: ofSquares = false } = samples;
  const byAlpha = alpha === 'unassociated' && channels > 1 && !ofSquares;
  const weighted = byAlpha || masked || nodata !== undefined;
  // Of an extended line several prefix sums are added and taken away, some of them many times.
  const lengthOf = (side: number) => (border === 'clip' ? side : 8 * side + 4 * radius);
  const bits = digitBits(lengthOf(width) * lengthOf(height));
  if (bits === undefined) return undefined;
  if (dtype !== 'float32') {
    const sampleBits = Math.log2(INTEGER_MAX[dtype] + 1);
    // Weights of alpha are summed as they are.
    if (byAlpha && sampleBits > bits) return undefined;
    const whole = sampleBits * (byAlpha ? 2 : 1);
    const digits = whole > bits ? digitsOver([{ lowest: 0, highest: whole - 1 }], bits) : undefined;
    const squares = ofSquares ? digitsOver([{ lowest: 0, highest: 2 * sampleBits - 1 }], bits) : undefined;
    const lanes = channels * ((digits?.at.length ?? 1) + (weighted ? 1 : 0) + (squares?.at.length ?? 0));
    return { lanes, weighted, countsBad: false, ...(digits && { digits }), ...(squares && { squares }) };
  }
  const known = samples.bits ?? ANY_SINGLES;
  const beyond = border === 'constant' ? bitsOf(constantValue) : [];
  const ranges = joinedBits([...known.ranges, ...known.alpha, ...beyond]);
  const alphas = joinedBits([...known.alpha, ...beyond, { lowest: 0, highest: 0 }]);
  const digits = digitsOver(byAlpha ? joinedBits([...ranges, ...productBits(ranges, alphas)]) : ranges, bits);
  const weightDigits = byAlpha ? digitsOver(alphas, bits) : undefined;
  const countsBad = !known.finite || (border === 'constant' && !Number.isFinite(Math.fround(constantValue)));
  const ofWeights = weighted ? (weightDigits?.at.length ?? 1) : 0;
  const squares = ofSquares ? digitsOver(squareBits(ranges), bits) : undefined;
  const lanes = channels * (digits.at.length + ofWeights + (countsBad ? 1 : 0) + (squares?.at.length ?? 0));
  return { lanes, digits, weighted, countsBad, ...(weightDigits && { weightDigits }), ...(squares && { squares }) };
}

/** How the operation of a chain that reads corners does; undefined where none does. */
export function chainCorners(operations: readonly Operation[]): Corners | undefined {
  return operations.map(cornersOf).find((corners) => corners !== undefined);
}

/** The same chain with halos for all windows: what corners are compared with. */
export function withHalos(operations: readonly Operation[]): Operation[] {
  return operations.map((operation) => {
    const { corners: _, pyramid: __, ...params } = operation.params;
    return { ...operation, params };
  });
}

/** Where the parts of a table of {@link Corners} lie. One of its rows belongs to one row of cells. */
export interface CornerTable {
  /** Values of {@link LaneLayout.lanes} float64 in a row. */
  readonly width: number;
  /** Rows of cells. */
  readonly rows: number;
  readonly cellsAcross: number;
  /** Where in a row the sums along a cell's left edge begin. */
  readonly edgeOf: (cellColumn: number) => number;
}

/**
 * The table of an image: in the row of a row of cells first, for each x from 0 to the width, the sum of all pixels above
 * the cells and left of x; then, for each cell and each of its rows, the sum of the pixels left of the cell from the
 * cells' first row down to that one.
 */
export function cornerTable(image: Size, cellSide: number): CornerTable {
  const cellsAcross = Math.ceil(image.width / cellSide);
  return {
    width: image.width + 1 + cellsAcross * cellSide,
    rows: Math.ceil(image.height / cellSide),
    cellsAcross,
    edgeOf: (cellColumn) => image.width + 1 + cellColumn * cellSide,
  };
}

/** How the table lies in its file: a lane is eight bytes, which a raster has as channels. */
export function cornerTableInfo(image: Size, { cellSide, layout }: Corners): RasterInfo {
  const { lanes } = layout;
  const { width, rows } = cornerTable(image, cellSide);
  return { width, height: rows, channels: 8 * lanes, dtype: 'uint8', alpha: 'none', photometric: 1, carried: [] };
}

/** Bytes of the table's file. */
export function cornerTableBytes(image: Size, corners: Corners): number {
  const { width, height, channels } = cornerTableInfo(image, corners);
  return width * height * channels;
}

/** Bytes that a tile's corners take beside its input, output and map. */
export function cornerScratchBytes(
  { cellSide, layout: { lanes } }: Corners,
  { input, dtype, channels, masked }: Pick<KernelShape, 'input' | 'dtype' | 'channels' | 'masked'>,
): number {
  const sums = input.width * input.height * lanes * 8;
  const cell = cellSide ** 2 * (channels * SAMPLE_BYTES[dtype] + (masked === true ? 1 : 0));
  const table = ((cellSide + 1) ** 2 + 3 * (cellSide + 1)) * lanes * 8;
  return sums + cell + table + CORNER_RUNS * 12 + 256;
}
