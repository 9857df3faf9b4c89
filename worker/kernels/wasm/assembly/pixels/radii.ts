// Map samples to radii. Functions return the largest radius; above 65535 it says that a sample gave none.

// @ts-ignore: decorator
@inline
function byTable<T>(samples: usize, count: u32, table: usize, into: usize): u32 {
  let largest: u32 = 0;
  const end = samples + <usize>count * sizeof<T>();
  while (samples < end) {
    const radius = load<u32>(table + <usize>load<T>(samples) * 4);
    store<u16>(into, <u16>radius);
    largest = max(largest, radius);
    samples += sizeof<T>();
    into += 2;
  }
  return largest;
}

/** `table` holds a uint32 for each sample value: its radius, or more than 65535. */
export function tableRadii8(samples: usize, count: u32, table: usize, into: usize): u32 {
  return byTable<u8>(samples, count, table, into);
}

export function tableRadii16(samples: usize, count: u32, table: usize, into: usize): u32 {
  return byTable<u16>(samples, count, table, into);
}

/** Radii that are the samples themselves. */
export function widenRadii8(samples: usize, count: u32, into: usize): u32 {
  let largest = i8x16.splat(0);
  const end = samples + count;
  const endVectors = samples + (count & ~15);
  while (samples < endVectors) {
    const bytes = v128.load(samples);
    largest = i8x16.max_u(largest, bytes);
    v128.store(into, i16x8.extend_low_i8x16_u(bytes));
    v128.store(into, i16x8.extend_high_i8x16_u(bytes), 16);
    samples += 16;
    into += 32;
  }
  let radius: u32 = 0;
  while (samples < end) {
    const sample: u32 = load<u8>(samples);
    radius = max(radius, sample);
    store<u16>(into, <u16>sample);
    samples += 1;
    into += 2;
  }
  const pairs = i16x8.max_u(i16x8.extend_low_i8x16_u(largest), i16x8.extend_high_i8x16_u(largest));
  const quads = i32x4.max_u(i32x4.extend_low_i16x8_u(pairs), i32x4.extend_high_i16x8_u(pairs));
  radius = max(radius, max(i32x4.extract_lane(quads, 0), i32x4.extract_lane(quads, 1)));
  return max(radius, max(i32x4.extract_lane(quads, 2), i32x4.extract_lane(quads, 3)));
}

/** v = scale * sample + offset in float64, at most `limit`, rounded half up; an invalid v is 0 if `clamp`. */
export function floatRadii(
  samples: usize, count: u32, scale: f64, offset: f64, limit: f64, clamp: bool, into: usize,
): u32 {
  let largest: u32 = 0;
  const end = samples + <usize>count * 4;
  while (samples < end) {
    const v = scale * <f64>load<f32>(samples) + offset;
    let radius: u32;
    if (v >= 0 && v < Infinity) radius = <u32>Math.min(Math.floor(Math.min(v, limit) + 0.5), 65536.0);
    else radius = clamp ? 0 : 65536;
    store<u16>(into, <u16>radius);
    largest = max(largest, radius);
    samples += 4;
    into += 2;
  }
  return largest;
}

/** The smallest and the largest of finite samples, two float32 at `into`; returns whether they all are finite. */
export function floatRange(samples: usize, count: u32, into: usize): bool {
  let least = f32x4.splat(Infinity);
  let most = f32x4.splat(-Infinity);
  // A sample less itself is 0, or NaN where it is not finite.
  let bad = f32x4.splat(0);
  const end = samples + <usize>count * 4;
  for (; samples + 16 <= end; samples += 16) {
    const four = v128.load(samples);
    least = f32x4.pmin(least, four);
    most = f32x4.pmax(most, four);
    bad = f32x4.add(bad, f32x4.sub(four, four));
  }
  for (; samples < end; samples += 4) {
    const four = v128.load32_splat(samples);
    least = f32x4.pmin(least, four);
    most = f32x4.pmax(most, four);
    bad = f32x4.add(bad, f32x4.sub(four, four));
  }
  const low = f32x4.pmin(least, i32x4.shuffle(least, least, 2, 3, 0, 1));
  const high = f32x4.pmax(most, i32x4.shuffle(most, most, 2, 3, 0, 1));
  store<f32>(into, min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1)));
  store<f32>(into, max(f32x4.extract_lane(high, 0), f32x4.extract_lane(high, 1)), 4);
  return i32x4.all_true(f32x4.eq(bad, f32x4.splat(0)));
}
