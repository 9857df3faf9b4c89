// Where a sigma stands in the scale space of tiling/operations/scale-space.ts: its bits, squared, name the interval
// between two levels and the share of the upper one.

struct Standing {
  interval: i32,
  share: f32,
}

fn standingOf(sigma: f32) -> Standing {
  let bits = bitcast<u32>(sigma * sigma);
  return Standing(i32(bits >> 21u) - 508, f32(bits & 0x1fffffu) / 2097152.0);
}
