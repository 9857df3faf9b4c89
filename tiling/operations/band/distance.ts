import { z } from 'zod';
import { badInput } from '../../errors.js';
import { evenReach, type Size } from '../../geometry/rect.js';
import { DTYPES, type DType } from '../../raster/dtype.js';
import type { RasterInfo } from '../../raster/raster-info.js';
import type { Operation, OperationDescriptor } from '../contract/descriptor.js';
import { flag } from '../contract/flag.js';
import { bandGrid, bandRect, bandRowsFor } from './bands.js';
import { packNumbers, unpackNumbers } from './packed-numbers.js';

/** How distances are measured. */
export const METRICS = ['euclidean', 'taxicab', 'chessboard'] as const;

const length = z.coerce.number().positive().max(1e6);
/** What stands for the size that the file states. */
const FROM_FILE = 'file';
const side = z.union([z.literal(FROM_FILE), length]).default(1);

const params = z
  .strictObject({
    from: z.enum(['white', 'black']).default('white'),
    metric: z.enum(METRICS).default('euclidean'),
    signed: flag.default(false),
    squared: flag.default(false),
    dx: side,
    dy: side,
    cap: z.coerce.number().positive().optional(),
    scale: z.coerce.number().positive().default(1),
    dtype: z.enum(DTYPES).default('float32'),
  })
  .refine(({ signed, squared }) => !(signed && squared), { error: 'give either signed or squared' })
  .refine(({ metric, squared }) => !squared || metric === 'euclidean', { error: 'squared is for metric=euclidean' });

/** The parameters of a `distance`, checked and completed. */
export interface DistanceParams {
  readonly from: 'white' | 'black';
  readonly metric: (typeof METRICS)[number];
  readonly signed: boolean;
  readonly squared: boolean;
  readonly dx: number;
  readonly dy: number;
  readonly cap?: number;
  readonly scale: number;
  readonly dtype: DType;
}

/** A set of pixels that distances are taken from: those that are not zero, or those that are. */
export type MemberColour = 'white' | 'black';

/** The parameters of a prepared `distance`. */
export function distanceParams({ params }: Operation): DistanceParams {
  return params as unknown as DistanceParams;
}

/** The sets whose distances an operation needs: the one asked for, then, where the sign is wanted, the other. */
export function memberColours({ from, signed }: DistanceParams): MemberColour[] {
  if (!signed) return [from];
  return [from, from === 'white' ? 'black' : 'white'];
}

/** The largest value that a `distance` can give where there is a pixel of the mask; undefined for other operations. */
export function largestDistance(operation: Operation, { width, height }: Size): number | undefined {
  if (operation.name !== 'distance') return undefined;
  const { metric, dx, dy, cap = Number.POSITIVE_INFINITY, scale, squared } = distanceParams(operation);
  const [across, down] = [dx * (width - 1), dy * (height - 1)];
  const lengths = { euclidean: Math.hypot(across, down), taxicab: across + down, chessboard: Math.max(across, down) };
  const length = lengths[metric];
  return Math.min(squared ? length * length : length, cap) * scale;
}

/** Stands for a row where there is none. */
export const NO_ROW = -1;

/** Numbers of a band's partial, and of what it is handed: two rows for each set, column and channel. */
function numbersOf(operation: Operation, { width, channels }: Pick<RasterInfo, 'width' | 'channels'>): number {
  return memberColours(distanceParams(operation)).length * 2 * width * channels;
}

/** Rows of the nearest members above and below a band, for each set: all columns above, then all below. */
export function handedRows(
  operation: Operation,
  handed: string,
  image: Pick<RasterInfo, 'width' | 'channels'>,
): readonly { readonly above: Int32Array; readonly below: Int32Array }[] {
  const numbers = unpackNumbers(handed, numbersOf(operation, image))!;
  const columns = image.width * image.channels;
  return memberColours(distanceParams(operation)).map((_, set) => ({
    above: numbers.subarray(set * 2 * columns, (set * 2 + 1) * columns),
    below: numbers.subarray((set * 2 + 1) * columns, (set * 2 + 2) * columns),
  }));
}

/**
 * What each band is handed: of each column the nearest row above it that has a member, from the bands before it, and
 * the nearest below it. A partial is a band's first rows with a member, then its last ones, for each set.
 */
function handOut(operation: Operation, partials: readonly string[], image: RasterInfo): string[] {
  const count = numbersOf(operation, image);
  const columns = image.width * image.channels;
  const sets = count / (2 * columns);
  const above = new Int32Array(count).fill(NO_ROW);
  const below = new Int32Array(count).fill(NO_ROW);
  // The way up keeps what lies below each band, the way down puts what lies above it beside.
  const handed: string[] = new Array(partials.length);
  for (let band = partials.length - 1; band >= 0; band--) {
    handed[band] = packNumbers(below);
    const own = unpackNumbers(partials[band], count)!;
    for (let set = 0; set < sets; set++) {
      for (let i = set * 2 * columns; i < (set * 2 + 1) * columns; i++) {
        if (own[i]! !== NO_ROW) below[i + columns] = own[i]!;
      }
    }
  }
  for (const [band, partial] of partials.entries()) {
    const both = unpackNumbers(handed[band], count)!;
    for (let set = 0; set < sets; set++) {
      const at = set * 2 * columns;
      both.set(above.subarray(at, at + columns), at);
    }
    handed[band] = packNumbers(both);
    const own = unpackNumbers(partial, count)!;
    for (let set = 0; set < sets; set++) {
      for (let i = set * 2 * columns; i < (set * 2 + 1) * columns; i++) {
        if (own[i + columns]! !== NO_ROW) above[i] = own[i + columns]!;
      }
    }
  }
  return handed;
}

/** Rows of the band or none, the first no later than the last. */
function isPartial(operation: Operation, partial: unknown, image: RasterInfo, band: number): boolean {
  const count = numbersOf(operation, image);
  const numbers = unpackNumbers(partial, count);
  if (numbers?.length !== count) return false;
  const columns = image.width * image.channels;
  const { cell } = bandGrid(operation, image);
  const from = band * cell.height;
  const to = Math.min(image.height, from + cell.height);
  const isRow = (row: number) => row >= from && row < to;
  for (let at = 0; at < count; at += 2 * columns) {
    for (let i = at; i < at + columns; i++) {
      const first = numbers[i]!;
      const last = numbers[i + columns]!;
      if (first === NO_ROW && last === NO_ROW) continue;
      if (!isRow(first) || !isRow(last) || first > last) return false;
    }
  }
  return true;
}

/** @throws bad-input where the file is asked for a size that it does not state */
function sideOf(param: string, given: unknown, stated: number | undefined): unknown {
  if (given !== FROM_FILE) return given;
  if (stated !== undefined) return stated;
  throw badInput({
    what: `distance: ${param}=${FROM_FILE}, and the image states no size of its pixels`,
    expected: 'georeferencing, or a resolution with a unit of length',
    remedy: `give ${param} as a number`,
  });
}

/** Bytes for each column: its way and its curve in the envelope; of each set the rows above and below, its number, distances. */
const COLUMN_BYTES = 32;
const SET_COLUMN_BYTES = 20;

/** Distance of each pixel to the nearest pixel of a mask, exact over any size. */
export const distance: OperationDescriptor = {
  name: 'distance',
  summary: 'distance of each pixel to the nearest pixel of a mask',
  coupling: 'band',
  params,
  mapMeaning: 'none',
  pace: () => 'quick',
  defaultBorder: () => 'clip',
  numeric: () => 'exact',
  takesLabels: true,
  reach: () => evenReach(0),
  inputRect: bandRect,
  outputType: (operation, { channels }) => {
    return { dtype: distanceParams(operation).dtype, channels, nodata: undefined };
  },
  prepare: (operation, { image, pixelSize, bandRows }) => {
    const { dx, dy } = operation.params;
    const sides = { dx: sideOf('dx', dx, pixelSize?.x), dy: sideOf('dy', dy, pixelSize?.y) };
    return { ...operation, params: { ...operation.params, ...sides, bandRows: bandRows ?? bandRowsFor(image) } };
  },
  // For each pixel of a band the way down to the next member.
  scratchBytes: (operation, { input }) => {
    const rows = Math.min(input.height, operation.params.bandRows as number);
    const sets = memberColours(distanceParams(operation)).length;
    return input.width * (COLUMN_BYTES + sets * ((rows + 1) * 2 + SET_COLUMN_BYTES)) + sets * rows * 4 + 4096;
  },
  bands: { isPartial, handOut },
};
