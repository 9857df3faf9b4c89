// How large the samples of a float32 tile are, as bits: magnitudes of floats are in the order of their bits.
import { anyNonFinite } from '../lib/finite';
import { isMasked, isNodata, NODATA_BYTES } from '../lib/nodata';

export { anyNonFinite };

const MAGNITUDE: u32 = 0x7fffffff;

/** Lanes of {@link rowRange}: the largest below the limit, and one less than the smallest that is not 0. */
let largest: v128 = i32x4.splat(0);
let smallest: v128 = i32x4.splat(0);

// @ts-ignore: decorator
@inline
function take(block: v128, limit: v128): void {
  largest = i32x4.max_u(largest, v128.and(block, i32x4.lt_s(block, limit)));
  smallest = i32x4.min_u(smallest, i32x4.sub(block, i32x4.splat(1)));
}

// @ts-ignore: decorator
@inline
function magnitudes(samples: usize): v128 {
  return v128.and(v128.load(samples), i32x4.splat(MAGNITUDE));
}

/** Blocks of a row whose samples all count. */
function plainRow(row: usize, count: u32, right: usize, down: usize, limit: v128): void {
  const end = row + <usize>count * 4;
  for (; row + 16 <= end; row += 16) {
    const above = i32x4.max_s(magnitudes(row), magnitudes(row + right));
    take(i32x4.max_s(above, i32x4.max_s(magnitudes(row + down), magnitudes(row + down + right))), limit);
  }
  for (; row < end; row += 4) {
    const above = max(load<u32>(row) & MAGNITUDE, load<u32>(row + right) & MAGNITUDE);
    const below = max(load<u32>(row + down) & MAGNITUDE, load<u32>(row + down + right) & MAGNITUDE);
    take(i32x4.splat(max(above, below)), limit);
  }
}

// @ts-ignore: decorator
@inline
function counted(sample: usize, entry: usize, valid: usize, x: u32): u32 {
  return isMasked(valid, x) || isNodata<f32>(load<f32>(sample), entry) ? 0 : load<u32>(sample) & MAGNITUDE;
}

/** Blocks of one channel of a row; invalid samples count as 0. */
function validRow(
  row: usize, pixels: u32, step: usize, right: u32, down: usize, limit: v128, entry: usize, valid: usize, validDown: usize,
): void {
  const columns = pixels + right;
  let before: u32 = 0;
  for (let x: u32 = 0; x < columns; x++, row += step) {
    const below = valid == 0 ? 0 : valid + validDown;
    const column = max(counted(row, entry, valid, x), counted(row + down, entry, below, x));
    if (x >= right) take(i32x4.splat(right ? max(before, column) : column), limit);
    before = column;
  }
}

/**
 * Of all blocks of `right` + 1 by `down` + 1 pixels of one channel, each as large as its largest magnitude: the largest
 * below `limit` (0 where there is none) and the smallest above 0 (all ones where there is none), both as bits of
 * float32, at `into`. `weighted` says whether samples may be nodata or masked: these are 0. `right` and `down` are 0 or 1.
 */
export function blockRange(
  samples: usize, width: u32, height: u32, strideBytes: usize, channels: u32, right: u32, down: u32, limit: u32,
  weighted: bool, nodata: usize, valid: usize, into: usize,
): void {
  largest = i32x4.splat(0);
  smallest = i32x4.splat(-1);
  const limits = i32x4.splat(limit);
  const step = <usize>channels * 4;
  const validStride = strideBytes / step;
  for (let y: u32 = 0; y < height - down; y++) {
    if (!weighted) plainRow(samples, (width - right) * channels, right * step, down * strideBytes, limits);
    else {
      for (let c: u32 = 0; c < channels; c++) {
        const entry = nodata + <usize>c * NODATA_BYTES;
        const row = samples + <usize>c * 4;
        validRow(row, width - right, step, right, down * strideBytes, limits, entry, valid, down * validStride);
      }
    }
    samples += strideBytes;
    if (valid) valid += validStride;
  }
  const most = max(
    max(<u32>i32x4.extract_lane(largest, 0), <u32>i32x4.extract_lane(largest, 1)),
    max(<u32>i32x4.extract_lane(largest, 2), <u32>i32x4.extract_lane(largest, 3)),
  );
  const least = min(
    min(<u32>i32x4.extract_lane(smallest, 0), <u32>i32x4.extract_lane(smallest, 1)),
    min(<u32>i32x4.extract_lane(smallest, 2), <u32>i32x4.extract_lane(smallest, 3)),
  );
  store<u32>(into, most);
  store<u32>(into, least == 0xffffffff ? least : least + 1, 4);
}
