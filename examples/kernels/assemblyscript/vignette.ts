// Brightens towards the corners: sample · (1 + strength · (d/D)²), d being the distance from the image's centre
// and D that of a corner; strength is the first user number. It needs the pixel's position and user data.

export function halotile_buffer(bytes: i32): usize {
  return heap.alloc(bytes);
}

export function halotile_pixel(
  samples: usize,
  weights: usize,
  count: i32,
  user: usize,
  userCount: i32,
  x: i32,
  y: i32,
  width: i32,
  height: i32,
  channel: i32,
): f64 {
  const strength = userCount > 0 ? load<f64>(user) : 1;
  const dx = <f64>x + 0.5 - <f64>width / 2;
  const dy = <f64>y + 0.5 - <f64>height / 2;
  const corner = (<f64>width * <f64>width + <f64>height * <f64>height) / 4;
  return load<f64>(samples) * (1 + (strength * (dx * dx + dy * dy)) / corner);
}
