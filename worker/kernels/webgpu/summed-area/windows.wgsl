// Where a window lies in the input: rectangles that make up a footprint, or one square by map. Offsets are from the
// window's pixel; ends lie one beyond, and everything ends where the input does.

@group(0) @binding(4) var<storage, read> windows: array<u32>; // four offsets a rectangle, or radii, two a word

struct Window {
  x0: u32,
  y0: u32,
  x1: u32,
  y1: u32,
}

fn rectangleAt(x: i32, y: i32, index: u32, width: u32, height: u32) -> Window {
  let at = index * 4u;
  return cut(
    x + bitcast<i32>(windows[at]),
    y + bitcast<i32>(windows[at + 1u]),
    x + bitcast<i32>(windows[at + 2u]),
    y + bitcast<i32>(windows[at + 3u]),
    vec2<i32>(i32(width), i32(height)),
  );
}

/// The square around output pixel `pixel` by its radius.
fn squareAt(x: i32, y: i32, pixel: u32, width: u32, height: u32) -> Window {
  let radius = i32((windows[pixel >> 1u] >> ((pixel & 1u) * 16u)) & 0xffffu);
  return cut(x - radius, y - radius, x + radius + 1, y + radius + 1, vec2<i32>(i32(width), i32(height)));
}

fn cut(x0: i32, y0: i32, x1: i32, y1: i32, size: vec2<i32>) -> Window {
  let low = clamp(vec2<i32>(x0, y0), vec2<i32>(0, 0), size);
  let high = clamp(vec2<i32>(x1, y1), low, size);
  return Window(u32(low.x), u32(low.y), u32(high.x), u32(high.y));
}

fn pixelsOf(window: Window) -> u32 {
  return (window.x1 - window.x0) * (window.y1 - window.y0);
}
