// Rows of output blocks: copied or predicted on the way, filled up with the row's last pixel. A predicted
// filling is zeros. `count` are the samples given, `full` those of the block's row.

/** No predictor, samples of any width. */
export function plainRow(source: usize, into: usize, bytes: u32, fullBytes: u32, pixelBytes: u32): void {
  memory.copy(into, source, bytes);
  const last = into + bytes - pixelBytes;
  const end = into + fullBytes;
  for (into += bytes; into < end; into += pixelBytes) memory.copy(into, last, pixelBytes);
}

// @ts-ignore: decorator
@inline
function subtract<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return i8x16.sub(a, b);
  if (sizeof<T>() == 2) return i16x8.sub(a, b);
  return i32x4.sub(a, b);
}

// @ts-ignore: decorator
@inline
function differences<T>(source: usize, into: usize, count: u32, full: u32, channels: u32): void {
  const pixelBytes = <usize>channels * sizeof<T>();
  memory.copy(into, source, pixelBytes);
  const end = source + <usize>count * sizeof<T>();
  source += pixelBytes;
  into += pixelBytes;
  while (source + 16 <= end) {
    v128.store(into, subtract<T>(v128.load(source), v128.load(source - pixelBytes)));
    source += 16;
    into += 16;
  }
  while (source < end) {
    store<T>(into, load<T>(source) - load<T>(source - pixelBytes));
    source += sizeof<T>();
    into += sizeof<T>();
  }
  memory.fill(into, 0, <usize>(full - count) * sizeof<T>());
}

export function differences8(source: usize, into: usize, count: u32, full: u32, channels: u32): void {
  differences<u8>(source, into, count, full, channels);
}

export function differences16(source: usize, into: usize, count: u32, full: u32, channels: u32): void {
  differences<u16>(source, into, count, full, channels);
}

export function differences32(source: usize, into: usize, count: u32, full: u32, channels: u32): void {
  differences<u32>(source, into, count, full, channels);
}

/**
 * Predictor 3: bytes of float32 samples parted into four planes, the most significant first, then differenced
 * from the end on, so that no second row is needed.
 */
export function floatDifferences(source: usize, into: usize, count: u32, full: u32, channels: u32): void {
  const plane0 = into;
  const plane1 = into + full;
  const plane2 = plane1 + full;
  const plane3 = plane2 + full;
  let i: usize = 0;
  for (; i + 8 <= count; i += 8) {
    const a = v128.load(source + 4 * i);
    const b = v128.load(source + 4 * i, 16);
    const high = i8x16.shuffle(a, b, 3, 7, 11, 15, 19, 23, 27, 31, 2, 6, 10, 14, 18, 22, 26, 30);
    const low = i8x16.shuffle(a, b, 1, 5, 9, 13, 17, 21, 25, 29, 0, 4, 8, 12, 16, 20, 24, 28);
    v128.store64_lane(plane0 + i, high, 0);
    v128.store64_lane(plane1 + i, high, 1);
    v128.store64_lane(plane2 + i, low, 0);
    v128.store64_lane(plane3 + i, low, 1);
  }
  for (; i < full; i++) {
    const from = source + 4 * (i < count ? i : count - channels + (<u32>i - count) % channels);
    store<u8>(plane0 + i, load<u8>(from, 3));
    store<u8>(plane1 + i, load<u8>(from, 2));
    store<u8>(plane2 + i, load<u8>(from, 1));
    store<u8>(plane3 + i, load<u8>(from));
  }
  let at = into + 4 * full;
  const first = into + channels;
  while (at >= first + 16) {
    at -= 16;
    v128.store(at, i8x16.sub(v128.load(at), v128.load(at - channels)));
  }
  while (at > first) {
    at -= 1;
    store<u8>(at, load<u8>(at) - load<u8>(at - channels));
  }
}
