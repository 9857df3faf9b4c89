// Takes the filters off rows of a PNG (third edition, section 9) in place. A row is one byte that names its filter
// and `rowBytes` bytes; `prior` are the bytes of the row above without filter, zeros above the first.
// Pixels of three and four bytes run with a lane a byte; up to 1 byte after the last row is read.

// @ts-ignore: decorator
@inline
function loadPixel(at: usize): v128 {
  return v128.load32_zero(at);
}

// @ts-ignore: decorator
@inline
function storePixel(at: usize, pixel: v128, bytes: u32): void {
  if (bytes == 4) v128.store32_lane(at, pixel, 0);
  else {
    v128.store16_lane(at, pixel, 0);
    v128.store8_lane(at, pixel, 2, 2);
  }
}

function up(row: usize, prior: usize, rowBytes: u32): void {
  const end = row + rowBytes;
  for (; row + 16 <= end; row += 16) {
    v128.store(row, i8x16.add(v128.load(row), v128.load(prior)));
    prior += 16;
  }
  for (; row < end; row++) {
    store<u8>(row, load<u8>(row) + load<u8>(prior));
    prior++;
  }
}

// @ts-ignore: decorator
@inline
function subPixels(row: usize, rowBytes: u32, bytes: u32): void {
  const end = row + rowBytes;
  let left = i8x16.splat(0);
  for (; row < end; row += bytes) {
    left = i8x16.add(left, loadPixel(row));
    storePixel(row, left, bytes);
  }
}

// @ts-ignore: decorator
@inline
function averagePixels(row: usize, prior: usize, rowBytes: u32, bytes: u32): void {
  const end = row + rowBytes;
  const one = i8x16.splat(1);
  let left = i8x16.splat(0);
  for (; row < end; row += bytes) {
    const above = loadPixel(prior);
    // The instruction rounds up, the filter down.
    const odd = v128.and(v128.xor(left, above), one);
    left = i8x16.add(loadPixel(row), i8x16.sub(i8x16.avgr_u(left, above), odd));
    storePixel(row, left, bytes);
    prior += bytes;
  }
}

// @ts-ignore: decorator
@inline
function paethPixels(row: usize, prior: usize, rowBytes: u32, bytes: u32): void {
  const end = row + rowBytes;
  let left = i16x8.splat(0);
  let corner = i16x8.splat(0);
  for (; row < end; row += bytes) {
    const above = i16x8.extend_low_i8x16_u(loadPixel(prior));
    const toLeft = i16x8.sub(above, corner);
    const toAbove = i16x8.sub(left, corner);
    const far = i16x8.abs(i16x8.add(toLeft, toAbove));
    const near = i16x8.min_s(i16x8.abs(toLeft), i16x8.abs(toAbove));
    const nearer = v128.bitselect(left, above, i16x8.eq(near, i16x8.abs(toLeft)));
    const guess = v128.bitselect(nearer, corner, i16x8.le_s(near, far));
    corner = above;
    const pixel = i8x16.add(loadPixel(row), i8x16.narrow_i16x8_u(guess, guess));
    storePixel(row, pixel, bytes);
    left = i16x8.extend_low_i8x16_u(pixel);
    prior += bytes;
  }
}

function subBytes(row: usize, rowBytes: u32, bytes: u32): void {
  for (let at = row + bytes; at < row + rowBytes; at++) store<u8>(at, load<u8>(at) + load<u8>(at - bytes));
}

function averageBytes(row: usize, prior: usize, rowBytes: u32, bytes: u32): void {
  for (let at: u32 = 0; at < rowBytes; at++) {
    const left: u32 = at < bytes ? 0 : load<u8>(row + at - bytes);
    store<u8>(row + at, load<u8>(row + at) + ((left + load<u8>(prior + at)) >> 1));
  }
}

function paethBytes(row: usize, prior: usize, rowBytes: u32, bytes: u32): void {
  for (let at: u32 = 0; at < rowBytes; at++) {
    const left: i32 = at < bytes ? 0 : load<u8>(row + at - bytes);
    const corner: i32 = at < bytes ? 0 : load<u8>(prior + at - bytes);
    const above: i32 = load<u8>(prior + at);
    const toLeft = abs(above - corner);
    const toAbove = abs(left - corner);
    const far = abs(left + above - 2 * corner);
    const guess = toLeft <= toAbove && toLeft <= far ? left : toAbove <= far ? above : corner;
    store<u8>(row + at, load<u8>(row + at) + guess);
  }
}

/** Rows one after the other; `pixelBytes` is 1 to 4. Returns how many rows were done: fewer where a filter is unknown. */
export function takeFilters(rows: usize, count: u32, rowBytes: u32, pixelBytes: u32, prior: usize): u32 {
  for (let done: u32 = 0; done < count; done++) {
    const filter = load<u8>(rows);
    const row = rows + 1;
    if (filter == 1) {
      if (pixelBytes == 4) subPixels(row, rowBytes, 4);
      else if (pixelBytes == 3) subPixels(row, rowBytes, 3);
      else subBytes(row, rowBytes, pixelBytes);
    } else if (filter == 2) up(row, prior, rowBytes);
    else if (filter == 3) {
      if (pixelBytes == 4) averagePixels(row, prior, rowBytes, 4);
      else if (pixelBytes == 3) averagePixels(row, prior, rowBytes, 3);
      else averageBytes(row, prior, rowBytes, pixelBytes);
    } else if (filter == 4) {
      if (pixelBytes == 4) paethPixels(row, prior, rowBytes, 4);
      else if (pixelBytes == 3) paethPixels(row, prior, rowBytes, 3);
      else paethBytes(row, prior, rowBytes, pixelBytes);
    } else if (filter != 0) return done;
    prior = row;
    rows = row + rowBytes;
  }
  return count;
}
