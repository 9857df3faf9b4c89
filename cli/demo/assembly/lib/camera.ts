// What all parts of the demo scene share: memory, camera, light and the row being painted. Lengths on the
// picture are in image heights, origin in the middle, y down; in the world x right, y up, z away from the
// camera. The optical axis is level, so a floor row has one depth and uprights stay upright.

/** Where things lie in memory; below 64 KiB is the compiler's. */
export const NOISE: usize = 0x10000;
export const CHART: usize = 0x50000;
export const OBJECTS: usize = 0x60000;
export const NEAR: usize = 0x66000;
export const RIDGES: usize = 0x68000;
export const ROW: usize = 0x70000;
export const LINE_A: usize = 0x78000;
export const LINE_B: usize = 0x79000;
export const LINE_C: usize = 0x7a000;
export const OUT: usize = 0x80000;

/** The most columns of one rect. */
export const MAX_COLUMNS: i32 = 1024;
const LANE: usize = MAX_COLUMNS * 4;

export const HORIZON: f64 = -0.085;
export const FOCAL: f64 = 1.1;
export const EYE: f64 = 1.5;

/** Towards the sun; the last component points at the camera. */
export const LX: f64 = -0.6;
export const LY: f64 = 0.55;
export const LZ: f64 = 0.5811;

/** One pixel in image heights, the picture's x of column 0, and the number of columns of the rect at hand. */
export let pixel: f64 = 0;
export let left: f64 = 0;
export let columns: i32 = 0;

/** Columns [hiddenFrom, hiddenTo) of the row at hand lie behind an object: nothing need be painted there. */
export let hiddenFrom: i32 = -1;
export let hiddenTo: i32 = -1;

export function hide(from: i32, to: i32): void {
  hiddenFrom = from < to ? from : -1;
  hiddenTo = to;
}

export function aim(pixelSize: f64, firstX: f64, count: i32): void {
  pixel = pixelSize;
  left = firstX;
  columns = count;
}

// @ts-ignore: decorator
@inline
export function clamp01(x: f64): f64 {
  return max<f64>(0, min<f64>(1, x));
}

/** Covers the row's pixel `i` by a colour and an inverse depth; the depth is that of whoever covers most. */
// @ts-ignore: decorator
@inline
export function cover(i: i32, r: f64, g: f64, b: f64, inverseDepth: f64, alpha: f64): void {
  if (alpha >= 1) {
    put(i, r, g, b, inverseDepth);
    return;
  }
  const at = ROW + (i << 2);
  const r0 = <f64>load<f32>(at);
  const g0 = <f64>load<f32>(at, LANE);
  const b0 = <f64>load<f32>(at, LANE * 2);
  store<f32>(at, <f32>(r0 + (r - r0) * alpha));
  store<f32>(at, <f32>(g0 + (g - g0) * alpha), LANE);
  store<f32>(at, <f32>(b0 + (b - b0) * alpha), LANE * 2);
  if (alpha >= 0.5) store<f32>(at, <f32>inverseDepth, LANE * 3);
}

/** Sets pixel `i` of the row. */
// @ts-ignore: decorator
@inline
export function put(i: i32, r: f64, g: f64, b: f64, inverseDepth: f64): void {
  const at = ROW + (i << 2);
  store<f32>(at, <f32>r);
  store<f32>(at, <f32>g, LANE);
  store<f32>(at, <f32>b, LANE * 2);
  store<f32>(at, <f32>inverseDepth, LANE * 3);
}

/** Darkens pixel `i`, red less than blue as skylight fills a shadow. */
// @ts-ignore: decorator
@inline
export function shade(i: i32, light: f64): void {
  const at = ROW + (i << 2);
  store<f32>(at, <f32>(<f64>load<f32>(at) * light));
  store<f32>(at, <f32>(<f64>load<f32>(at, LANE) * (light + (1 - light) * 0.04)), LANE);
  store<f32>(at, <f32>(<f64>load<f32>(at, LANE * 2) * (light + (1 - light) * 0.1)), LANE * 2);
}

/** First column whose centre lies at or right of picture x, cut at the rect. */
export function columnOf(x: f64): i32 {
  return <i32>max<f64>(0, min<f64>(<f64>columns, ceil<f64>((x - left) / pixel)));
}

/** The four lanes of pixels i to i + 3: 0 red, 1 green, 2 blue, 3 inverse depth. */
// @ts-ignore: decorator
@inline
export function lane(i: i32, which: usize): v128 {
  return v128.load(ROW + (i << 2) + which * LANE);
}
