// Box mean of uint8 and uint16 pixels of 2 to 4 channels with nodata, over summed-area rows of wrapping uint32:
// eight lanes a pixel, four sums of valid samples, then four counts of them.
import { expand4, storeFour, storeOne, windowSum } from '../lib/lanes';
import { NODATA_BYTES } from '../lib/nodata';
import { quotients } from '../lib/quotient';

/** A channel's nodata value, or one that no sample has. */
// @ts-ignore: decorator
@inline
function nodataLane(table: usize, channel: u32, channels: u32): i32 {
  const entry = table + <usize>channel * NODATA_BYTES;
  return channel < channels && load<u32>(entry, 8) ? <i32>load<f64>(entry) : -1;
}

// @ts-ignore: decorator
@inline
function nodataLanes(table: usize, channels: u32): v128 {
  let lanes = i32x4.splat(nodataLane(table, 0, channels));
  lanes = i32x4.replace_lane(lanes, 1, nodataLane(table, 1, channels));
  lanes = i32x4.replace_lane(lanes, 2, nodataLane(table, 2, channels));
  return i32x4.replace_lane(lanes, 3, nodataLane(table, 3, channels));
}

// @ts-ignore: decorator
@inline
function prefix<T>(source: usize, above: usize, into: usize, width: u32, channels: u32, table: usize): void {
  const nodata = nodataLanes(table, channels);
  const one = i32x4.splat(1);
  let sum = i32x4.splat(0);
  let count = i32x4.splat(0);
  v128.store(into, sum);
  v128.store(into, count, 16);
  const end = into + <usize>width * 32;
  while (into < end) {
    const samples = expand4<T>(source);
    const isNodata = i32x4.eq(samples, nodata);
    sum = i32x4.add(sum, v128.andnot(samples, isNodata));
    count = i32x4.add(count, i32x4.add(isNodata, one));
    v128.store(into, i32x4.add(sum, v128.load(above, 32)), 32);
    v128.store(into, i32x4.add(count, v128.load(above, 48)), 48);
    source += channels * sizeof<T>();
    above += 32;
    into += 32;
  }
}

/** The mean of one pixel, its window cut; `source` is its own, `step` what moves a mean off its nodata value. */
// @ts-ignore: decorator
@inline
function mean<T>(
  rows: usize, x: u32, y: u32, radius: u32, limitX: u32, limitY: u32, source: usize, nodata: v128, step: v128,
): v128 {
  const x0 = x > radius ? x - radius : 0;
  const y0 = y > radius ? y - radius : 0;
  const x1 = min(x + radius + 1, limitX);
  const y1 = min(y + radius + 1, limitY);
  const top: usize = load<u32>(rows + y0 * 4);
  const bottom: usize = load<u32>(rows + y1 * 4);
  const sums = windowSum(top, bottom, x0 * 32, x1 * 32);
  const counts = i32x4.max_u(windowSum(top + 16, bottom + 16, x0 * 32, x1 * 32), i32x4.splat(1));
  const reciprocal = f32x4.div(f32x4.splat(<f32>(2.0 * (1.0 - 1.0 / 2097152.0))), f32x4.convert_i32x4_s(counts));
  const means = quotients(sums, reciprocal, counts, i32x4.shr_u(i32x4.sub(counts, i32x4.splat(1)), 1));
  const moved = i32x4.add(means, v128.and(i32x4.eq(means, nodata), step));
  const own = expand4<T>(source);
  return v128.bitselect(own, moved, i32x4.eq(own, nodata));
}

// @ts-ignore: decorator
@inline
function means<T>(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, table: usize,
): void {
  const nodata = nodataLanes(table, channels);
  const largest = i32x4.splat((1 << (8 * sizeof<T>())) - 1);
  const step = v128.or(i32x4.eq(nodata, largest), i32x4.splat(1));
  const pixelBytes = channels * sizeof<T>();
  const endGroups = x + (width & ~3);
  const end = x + width;
  while (x < endGroups) {
    storeFour<T>(
      into,
      mean<T>(rows, x, y, load<u16>(radii), limitX, limitY, source, nodata, step),
      mean<T>(rows, x + 1, y, load<u16>(radii, 2), limitX, limitY, source + pixelBytes, nodata, step),
      mean<T>(rows, x + 2, y, load<u16>(radii, 4), limitX, limitY, source + 2 * pixelBytes, nodata, step),
      mean<T>(rows, x + 3, y, load<u16>(radii, 6), limitX, limitY, source + 3 * pixelBytes, nodata, step),
      channels,
    );
    x += 4;
    radii += 8;
    into += 4 * pixelBytes;
    source += 4 * pixelBytes;
  }
  while (x < end) {
    storeOne<T>(into, mean<T>(rows, x, y, load<u16>(radii), limitX, limitY, source, nodata, step), channels);
    x += 1;
    radii += 2;
    into += pixelBytes;
    source += pixelBytes;
  }
}

export function prefixRow8(source: usize, above: usize, into: usize, width: u32, channels: u32, table: usize): void {
  prefix<u8>(source, above, into, width, channels, table);
}

export function prefixRow16(source: usize, above: usize, into: usize, width: u32, channels: u32, table: usize): void {
  prefix<u16>(source, above, into, width, channels, table);
}

// @ts-ignore: decorator
@inline
function meansOf<T>(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, table: usize,
): void {
  if (channels == 2) means<T>(rows, x, y, radii, into, width, limitX, limitY, source, 2, table);
  else if (channels == 3) means<T>(rows, x, y, radii, into, width, limitX, limitY, source, 3, table);
  else means<T>(rows, x, y, radii, into, width, limitX, limitY, source, 4, table);
}

export function meansRow8(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, table: usize,
): void {
  meansOf<u8>(rows, x, y, radii, into, width, limitX, limitY, source, channels, table);
}

export function meansRow16(
  rows: usize, x: u32, y: u32, radii: usize, into: usize, width: u32, limitX: u32, limitY: u32, source: usize,
  channels: u32, table: usize,
): void {
  meansOf<u16>(rows, x, y, radii, into, width, limitX, limitY, source, channels, table);
}
