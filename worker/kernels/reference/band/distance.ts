import {
  type DistanceParams,
  distanceParams,
  handedRows,
  type MemberColour,
  memberColours,
  NO_ROW,
} from '../../../../tiling/operations/band/distance.js';
import { packNumbers } from '../../../../tiling/operations/band/packed-numbers.js';
import { toSample } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, PartialKernel, TileRaster } from '../../kernel.js';
import { invalidSamplesOf, sampleIndex } from '../samples/pixels.js';

/** Of each set: the first row of each column of a band that has a member, then the last. */
export const distancePartial: PartialKernel = (band, operation, context) => {
  const colours = memberColours(distanceParams(operation));
  const columns = band.rect.width * band.channels;
  const numbers = new Int32Array(colours.length * 2 * columns).fill(NO_ROW);
  for (const [set, colour] of colours.entries()) {
    const isMember = membersOf(band, context, colour);
    const at = set * 2 * columns;
    for (let y = band.rect.y; y < band.rect.y + band.rect.height; y++) {
      for (let i = 0; i < columns; i++) {
        if (!isMember(y, i)) continue;
        if (numbers[at + i] === NO_ROW) numbers[at + i] = y;
        numbers[at + columns + i] = y;
      }
    }
  }
  return packNumbers(numbers);
};

/**
 * The distance of each pixel (x, y) to the nearest member (u, v) of its set, in units of dx and dy: euclidean
 * √((dx·(x−u))² + (dy·(y−v))²), taxicab dx·|x−u| + dy·|y−v|, chessboard the larger of the two; infinite where there is
 * none. The nearest member of a column lies in the band or is the nearest above or below it. With a sign it is negative
 * on members, whose distance is that to the nearest pixel of the other set.
 */
export const distance: Kernel = (input, output, operation, context) => {
  const params = distanceParams(operation);
  const rows = handedRows(operation, context.handed!, { width: input.rect.width, channels: input.channels });
  const sets = memberColours(params).map((colour, set) => ({
    isMember: membersOf(input, context, colour),
    ...rows[set]!,
  }));
  const { rect, channels, samples } = output;
  for (let y = rect.y; y < rect.y + rect.height; y++) {
    for (let c = 0; c < channels; c++) {
      const ways = sets.map((set) => waysDown(input, set, y, c, params.dy));
      for (let x = rect.x; x < rect.x + rect.width; x++) {
        const [outside, inside = 0] = ways.map((way) => nearest(way, x, params));
        const value = finish(params, outside!, inside);
        samples[sampleIndex(output, x, y) + c] = toSample(output.dtype, value);
      }
    }
  }
};

/** What is stored of a pixel's distances to the sets, squared ones where euclidean. */
function finish(params: DistanceParams, outside: number, inside: number): number {
  const { metric, signed, squared, cap = Number.POSITIVE_INFINITY, scale } = params;
  const limited = (value: number) => Math.min(metric === 'euclidean' && !squared ? Math.sqrt(value) : value, cap);
  return signed && outside === 0 ? -limited(inside) * scale : limited(outside) * scale;
}

/** The smallest over the columns; squared where euclidean. */
function nearest(ways: Float64Array, x: number, { metric, dx }: DistanceParams): number {
  let best = Number.POSITIVE_INFINITY;
  for (const [u, down] of ways.entries()) {
    const across = dx * Math.abs(x - u);
    const value =
      metric === 'euclidean'
        ? across * across + down * down
        : metric === 'taxicab'
          ? across + down
          : Math.max(across, down);
    best = Math.min(best, value);
  }
  return best;
}

/** Of each column: how far the nearest member is up or down from a row, in units of dy. */
function waysDown(
  { rect, channels }: TileRaster,
  { isMember, above, below }: MemberSet,
  y: number,
  channel: number,
  dy: number,
): Float64Array {
  return Float64Array.from({ length: rect.width }, (_, u) => {
    const column = u * channels + channel;
    let rows = Number.POSITIVE_INFINITY;
    const consider = (row: number) => {
      rows = Math.min(rows, Math.abs(row - y));
    };
    for (let row = rect.y; row < rect.y + rect.height; row++) if (isMember(row, column)) consider(row);
    if (above[column] !== NO_ROW) consider(above[column]!);
    if (below[column] !== NO_ROW) consider(below[column]!);
    return dy * rows;
  });
}

/** The pixels of a band that distances are taken from, and the nearest such rows outside of it. */
interface MemberSet {
  /** Asked by row and by column times channels plus channel. */
  readonly isMember: (y: number, column: number) => boolean;
  readonly above: Int32Array;
  readonly below: Int32Array;
}

/** Nodata, masked pixels and NaN belong to neither set. */
function membersOf(
  band: TileRaster,
  context: Pick<KernelContext, 'nodata'>,
  colour: MemberColour,
): MemberSet['isMember'] {
  const { samples, channels, rect } = band;
  const isInvalid = invalidSamplesOf(band, context);
  return (y, column) => {
    const channel = column % channels;
    const pixel = sampleIndex(band, rect.x, y) + column - channel;
    const sample = samples[pixel + channel]!;
    if (Number.isNaN(sample) || isInvalid(pixel, channel)) return false;
    return (sample !== 0) === (colour === 'white');
  };
}
