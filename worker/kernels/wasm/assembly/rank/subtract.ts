// Differences of samples, in place or not; those of integers end at 0.

// @ts-ignore: decorator
@inline
function less<T>(a: v128, b: v128): v128 {
  if (sizeof<T>() == 1) return i8x16.sub_sat_u(a, b);
  if (sizeof<T>() == 2) return i16x8.sub_sat_u(a, b);
  return f32x4.sub(a, b);
}

/** into = from − subtrahend over `bytes` bytes; ends exactly after them. */
// @ts-ignore: decorator
@inline
function subtract<T>(from: usize, subtrahend: usize, into: usize, bytes: u32): void {
  const whole = into + (bytes & ~15);
  const end = into + bytes;
  while (into < whole) {
    v128.store(into, less<T>(v128.load(from), v128.load(subtrahend)));
    from += 16;
    subtrahend += 16;
    into += 16;
  }
  while (into < end) {
    const a = load<T>(from);
    const b = load<T>(subtrahend);
    if (isFloat<T>()) store<T>(into, <T>(a - b));
    else store<T>(into, a > b ? <T>(a - b) : <T>0);
    from += sizeof<T>();
    subtrahend += sizeof<T>();
    into += sizeof<T>();
  }
}

export function subtract8(from: usize, subtrahend: usize, into: usize, bytes: u32): void {
  subtract<u8>(from, subtrahend, into, bytes);
}

export function subtract16(from: usize, subtrahend: usize, into: usize, bytes: u32): void {
  subtract<u16>(from, subtrahend, into, bytes);
}

export function subtract32(from: usize, subtrahend: usize, into: usize, bytes: u32): void {
  subtract<f32>(from, subtrahend, into, bytes);
}
