// uint8 pixels whose last channel is unassociated alpha, as lanes: colour times alpha, and alpha itself.
import { expand4 } from './lanes';
import { quotients } from './quotient';

/** All bits in the lane of the alpha channel. */
// @ts-ignore: decorator
@inline
export function alphaLane(channels: u32): v128 {
  if (channels == 2) return i32x4(0, -1, 0, 0);
  if (channels == 3) return i32x4(0, 0, -1, 0);
  return i32x4(0, 0, 0, -1);
}

/** One pixel's lanes; those beyond its channels hold junk. */
// @ts-ignore: decorator
@inline
export function weightedLanes(source: usize, channels: u32, alpha: v128): v128 {
  const opacity = i32x4.splat(load<u8>(source + channels - 1));
  return i32x4.mul(expand4<u8>(source), v128.bitselect(i32x4.splat(1), opacity, alpha));
}

/**
 * Means of `count` pixels from their summed lanes: colour over the sum of alpha (`clear` where that is 0), alpha over
 * the count. Exact as `quotients` says: divisors stay below 2^31.
 */
// @ts-ignore: decorator
@inline
export function weightedMeans(sums: v128, count: u32, channels: u32, alpha: v128, clear: v128): v128 {
  let opacity: v128;
  if (channels == 2) opacity = i32x4.shuffle(sums, sums, 1, 1, 1, 1);
  else if (channels == 3) opacity = i32x4.shuffle(sums, sums, 2, 2, 2, 2);
  else opacity = i32x4.shuffle(sums, sums, 3, 3, 3, 3);
  const divisors = i32x4.max_u(v128.bitselect(i32x4.splat(count), opacity, alpha), i32x4.splat(1));
  const reciprocal = f32x4.div(f32x4.splat(<f32>(2.0 * (1.0 - 1.0 / 2097152.0))), f32x4.convert_i32x4_s(divisors));
  const half = i32x4.shr_u(i32x4.sub(divisors, i32x4.splat(1)), 1);
  const none = v128.andnot(i32x4.eq(opacity, i32x4.splat(0)), alpha);
  return v128.bitselect(clear, quotients(sums, reciprocal, divisors, half), none);
}
