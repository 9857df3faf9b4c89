// Largest or smallest sample of horizontal runs: level p of a row holds the extremum of 2^p samples from each
// position on, so that a run of any length is two loads. Runs are gathered into output rows one after another.

// @ts-ignore: decorator
@inline
function pick<T>(a: v128, b: v128, largest: bool): v128 {
  if (largest) {
    if (sizeof<T>() == 1) return i8x16.max_u(a, b);
    if (sizeof<T>() == 2) return i16x8.max_u(a, b);
    return f32x4.max(a, b);
  }
  if (sizeof<T>() == 1) return i8x16.min_u(a, b);
  if (sizeof<T>() == 2) return i16x8.min_u(a, b);
  return f32x4.min(a, b);
}

/** into[i] = the extremum of source[i] and source[i + shift bytes]. */
// @ts-ignore: decorator
@inline
function widen<T>(source: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  const end = into + bytes;
  while (into < end) {
    v128.store(into, pick<T>(v128.load(source), v128.load(source + shift), largest));
    source += 16;
    into += 16;
  }
}

/** into[i] = the extremum of into[i], level[i] and level[i + shift bytes]; ends exactly after `bytes`. */
// @ts-ignore: decorator
@inline
function gather<T>(level: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  const whole = into + (bytes & ~15);
  const end = into + bytes;
  while (into < whole) {
    const run = pick<T>(v128.load(level), v128.load(level + shift), largest);
    v128.store(into, pick<T>(v128.load(into), run, largest));
    level += 16;
    into += 16;
  }
  while (into < end) {
    store<T>(into, better<T>(load<T>(into), better<T>(load<T>(level), load<T>(level + shift), largest), largest));
    level += sizeof<T>();
    into += sizeof<T>();
  }
}

// @ts-ignore: decorator
@inline
function better<T>(a: T, b: T, largest: bool): T {
  return largest ? max<T>(a, b) : min<T>(a, b);
}

export function widen8(source: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  if (largest) widen<u8>(source, into, bytes, shift, true);
  else widen<u8>(source, into, bytes, shift, false);
}

export function widen16(source: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  if (largest) widen<u16>(source, into, bytes, shift, true);
  else widen<u16>(source, into, bytes, shift, false);
}

export function widen32(source: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  if (largest) widen<f32>(source, into, bytes, shift, true);
  else widen<f32>(source, into, bytes, shift, false);
}

export function gather8(level: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  if (largest) gather<u8>(level, into, bytes, shift, true);
  else gather<u8>(level, into, bytes, shift, false);
}

export function gather16(level: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  if (largest) gather<u16>(level, into, bytes, shift, true);
  else gather<u16>(level, into, bytes, shift, false);
}

export function gather32(level: usize, into: usize, bytes: u32, shift: u32, largest: bool): void {
  if (largest) gather<f32>(level, into, bytes, shift, true);
  else gather<f32>(level, into, bytes, shift, false);
}
