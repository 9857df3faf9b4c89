// Sums of cells, and the parts of an image's summed-area table that lie in them: float64, lanes of a pixel side by side.
// Every sum is an integer below 2^53, so the order of additions changes nothing.

/** Bytes of which every pixel of 1, 2, 3, 4 or 6 lanes takes a whole share. */
const GROUP: usize = 48;

/**
 * Adds the samples of rows to sums of their columns, and stores for each row and cell the sums of its samples. Cells are
 * `cellSide` pixels wide, but for the last one.
 */
// @ts-ignore: decorator
@inline
function sumCells<T>(
  source: usize, strideBytes: usize, width: u32, height: u32, lanes: u32, cellSide: u32, columns: usize, totals: usize,
): void {
  let total = totals;
  for (let y: u32 = 0; y < height; y++, source += strideBytes) {
    for (let first: u32 = 0; first < width; first += cellSide) {
      const end = min(width, first + cellSide) * lanes;
      for (let lane: u32 = 0; lane < lanes; lane++, total += 8) {
        let sum: f64 = 0;
        for (let at = first * lanes + lane; at < end; at += lanes) {
          const sample = <f64>load<T>(source + <usize>at * sizeof<T>());
          const column = columns + (<usize>at << 3);
          store<f64>(column, load<f64>(column) + sample);
          sum += sample;
        }
        store<f64>(total, sum);
      }
    }
  }
}

export function sumCells16(
  source: usize, strideBytes: usize, width: u32, height: u32, lanes: u32, cellSide: u32, columns: usize, totals: usize,
): void {
  sumCells<u16>(source, strideBytes, width, height, lanes, cellSide, columns, totals);
}

export function sumCells64(
  source: usize, strideBytes: usize, width: u32, height: u32, lanes: u32, cellSide: u32, columns: usize, totals: usize,
): void {
  sumCells<f64>(source, strideBytes, width, height, lanes, cellSide, columns, totals);
}

/** Eight more samples for the sums of their columns; returns what they add to sums of the row. */
// @ts-ignore: decorator
@inline
function addEight(column: usize, eight: v128): v128 {
  v128.store(column, i16x8.add(v128.load(column), eight));
  return eight;
}

/**
 * The same of at most 257 rows of uint8 whose lanes divide {@link GROUP}, in cells of at most 256 pixels: 16 bits hold the
 * sum of a column, and that of every forty-eighth sample of a cell's row. `narrow` has room for the sums of columns as
 * uint16, and 112 bytes more.
 */
export function sumCells8(
  source: usize, strideBytes: usize, width: u32, height: u32, lanes: u32, cellSide: u32, columns: usize, totals: usize,
  narrow: usize,
): void {
  const count = width * lanes;
  memory.fill(narrow, 0, <usize>count << 1);
  const group = narrow + ((<usize>count << 1) + 15 & ~15);
  let total = totals;
  for (let y: u32 = 0; y < height; y++, source += strideBytes) {
    for (let first: u32 = 0; first < width; first += cellSide) {
      const end = min(width, first + cellSide) * lanes;
      let at = first * lanes;
      let a = i16x8.splat(0);
      let b = a;
      let c = a;
      let d = a;
      let e = a;
      let f = a;
      for (; at + <u32>GROUP <= end; at += <u32>GROUP) {
        const from = source + <usize>at;
        const column = narrow + (<usize>at << 1);
        const first16 = v128.load(from);
        const second16 = v128.load(from, 16);
        const third16 = v128.load(from, 32);
        a = i16x8.add(a, addEight(column, i16x8.extend_low_i8x16_u(first16)));
        b = i16x8.add(b, addEight(column + 16, i16x8.extend_high_i8x16_u(first16)));
        c = i16x8.add(c, addEight(column + 32, i16x8.extend_low_i8x16_u(second16)));
        d = i16x8.add(d, addEight(column + 48, i16x8.extend_high_i8x16_u(second16)));
        e = i16x8.add(e, addEight(column + 64, i16x8.extend_low_i8x16_u(third16)));
        f = i16x8.add(f, addEight(column + 80, i16x8.extend_high_i8x16_u(third16)));
      }
      v128.store(group, a);
      v128.store(group, b, 16);
      v128.store(group, c, 32);
      v128.store(group, d, 48);
      v128.store(group, e, 64);
      v128.store(group, f, 80);
      for (let lane: u32 = 0; lane < lanes; lane++, total += 8) {
        let sum: u32 = 0;
        for (let i = lane; i < <u32>GROUP; i += lanes) sum += <u32>load<u16>(group + (<usize>i << 1));
        for (let i = at + lane; i < end; i += lanes) {
          const sample = <u32>load<u8>(source + <usize>i);
          const column = narrow + (<usize>i << 1);
          store<u16>(column, <u16>(<u32>load<u16>(column) + sample));
          sum += sample;
        }
        store<f64>(total, <f64>sum);
      }
    }
  }
  for (let i: u32 = 0; i < count; i++) store<f64>(columns + (<usize>i << 3), <f64>load<u16>(narrow + (<usize>i << 1)));
}

/**
 * Rows [first, end) of a cell's table, each one row below the samples that it adds; `source` is the first of these.
 * `upper` and `left` are the cell's edges. The table's row above the first must be there.
 */
// @ts-ignore: decorator
@inline
function fillRows<T>(
  source: usize, strideBytes: usize, width: u32, first: u32, end: u32, lanes: u32, upper: usize, left: usize, values: usize,
): void {
  const pixel = <usize>lanes << 3;
  const stride = <usize>(width + 1) * pixel;
  const step = <usize>lanes * sizeof<T>();
  for (let y = first; y < end; y++, source += strideBytes) {
    const above = values + <usize>y * stride;
    const down = left + <usize>y * pixel;
    if (lanes == 3) fillThree<T>(source, width, upper, down, y > 0, above, above + stride);
    else {
      for (let lane: usize = 0; lane < pixel; lane += 8) {
        let from = source + (lane >> 3) * sizeof<T>();
        let sum = load<f64>(down + lane);
        store<f64>(above + stride + lane, load<f64>(upper + lane) + sum);
        if (y > 0) sum -= load<f64>(down + lane - pixel);
        const stop = above + stride + lane;
        for (let at = above + pixel + lane; at < stop; at += pixel, from += step) {
          sum += <f64>load<T>(from);
          store<f64>(at + stride, load<f64>(at) + sum);
        }
      }
    }
  }
}

/** A row of three lanes, two of them in one vector. */
// @ts-ignore: decorator
@inline
function fillThree<T>(
  source: usize, width: u32, upper: usize, down: usize, hasAbove: bool, above: usize, into: usize,
): void {
  let pair = v128.load(down);
  let third = load<f64>(down, 16);
  v128.store(into, f64x2.add(v128.load(upper), pair));
  store<f64>(into, load<f64>(upper, 16) + third, 16);
  if (hasAbove) {
    pair = f64x2.sub(pair, v128.load(down - 24));
    third -= load<f64>(down - 24, 16);
  }
  for (let x: u32 = 0; x < width; x++, source += 3 * sizeof<T>()) {
    above += 24;
    into += 24;
    if (sizeof<T>() == 8) pair = f64x2.add(pair, v128.load(source));
    else {
      const samples = sizeof<T>() == 1
        ? i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(source)))
        : i32x4.extend_low_i16x8_u(v128.load32_zero(source));
      pair = f64x2.add(pair, f64x2.convert_low_i32x4_u(samples));
    }
    third += <f64>load<T>(source + 2 * sizeof<T>());
    v128.store(into, f64x2.add(v128.load(above), pair));
    store<f64>(into, load<f64>(above, 16) + third, 16);
  }
}

export function fillRows8(
  source: usize, strideBytes: usize, width: u32, first: u32, end: u32, lanes: u32, upper: usize, left: usize, values: usize,
): void {
  fillRows<u8>(source, strideBytes, width, first, end, lanes, upper, left, values);
}

export function fillRows16(
  source: usize, strideBytes: usize, width: u32, first: u32, end: u32, lanes: u32, upper: usize, left: usize, values: usize,
): void {
  fillRows<u16>(source, strideBytes, width, first, end, lanes, upper, left, values);
}

export function fillRows64(
  source: usize, strideBytes: usize, width: u32, first: u32, end: u32, lanes: u32, upper: usize, left: usize, values: usize,
): void {
  fillRows<f64>(source, strideBytes, width, first, end, lanes, upper, left, values);
}

/**
 * A row of pixels as lanes: of each pixel its samples, then the digits of their squares, one each, or where `unit` is not 0
 * two, of which the upper one counts units.
 */
// @ts-ignore: decorator
@inline
function squareRow<T>(source: usize, width: u32, channels: u32, unit: f64, into: usize): void {
  const share = unit == 0 ? 0 : 1 / unit;
  const samples = <usize>channels << 3;
  const digits: usize = unit == 0 ? 8 : 16;
  for (let x: u32 = 0; x < width; x++) {
    let square = into + samples;
    for (let c: u32 = 0; c < channels; c++, source += sizeof<T>(), into += 8, square += digits) {
      const sample = <f64>load<T>(source);
      // A unit is a power of two.
      const upper = Math.floor(sample * sample * share);
      store<f64>(into, sample);
      store<f64>(square, sample * sample - upper * unit);
      if (unit != 0) store<f64>(square, upper, 8);
    }
    into = square;
  }
}

export function squareRow8(source: usize, width: u32, channels: u32, unit: f64, into: usize): void {
  squareRow<u8>(source, width, channels, unit, into);
}

export function squareRow16(source: usize, width: u32, channels: u32, unit: f64, into: usize): void {
  squareRow<u16>(source, width, channels, unit, into);
}
