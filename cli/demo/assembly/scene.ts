// The demo scene: paints any rect of the picture and of its distance map, one row after the other, so that
// threads can make tiles in any order and always the same pixels.
import {
  aim,
  CHART,
  columns,
  HORIZON,
  hide,
  lane,
  MAX_COLUMNS,
  NEAR,
  NOISE,
  OBJECTS,
  OUT,
} from './lib/camera';
import { floorRow, prepareRidges, skyRow } from './lib/ground';
import { fillNoise } from './lib/noise';
import { hideRow, mirrorRow, OBJECT_BYTES, objectRow, shadowRow, touches } from './lib/objects';

/** Inverse depth of the focus plane. */
const FOCUS: f32 = 1.0 / 6.4;
/** Inverse depth beyond the focus plane at which the largest radius is reached. */
const SPAN: f32 = 0.19;

let objectsEnd: usize = OBJECTS;
let nearEnd: usize = NEAR;

/** Where the host writes the objects, far to near. */
export function objectsAt(): usize {
  return OBJECTS;
}

/** Where the host writes the chart's bitmap. */
export function chartAt(): usize {
  return CHART;
}

/** Where a rect's RGB bytes start. */
export function outAt(): usize {
  return OUT;
}

/** Bytes of memory for rects of up to `pixels` pixels. */
export function memoryNeed(pixels: i32): i32 {
  return <i32>OUT + pixels * 4 + 64;
}

/** Must run once before the first rect, when the objects lie in memory. */
export function prepare(seed: u32, objectBytes: i32): void {
  fillNoise(NOISE, seed);
  objectsEnd = OBJECTS + objectBytes;
}

/**
 * Paints columns [x, x + width) and rows [y, y + height) of an imageWidth × imageHeight scene: RGB bytes at
 * outAt and the map's bytes at the address returned, both row-major; the map is 0 at the focus plane and at
 * most `radius`. At most 1024 columns, a multiple of four; the rect may leave the image.
 */
export function paint(
  imageWidth: i32,
  imageHeight: i32,
  x: i32,
  y: i32,
  width: i32,
  height: i32,
  radius: f32,
): usize {
  const pixel: f64 = 1.0 / <f64>imageHeight;
  aim(pixel, (<f64>x + 0.5 - <f64>imageWidth * 0.5) * pixel, width);
  prepareRidges();
  cull(<f64>y * pixel - 0.5, <f64>(y + height) * pixel - 0.5);
  // The picture's last store reaches beyond its end.
  const map = OUT + width * height * 3 + 16;
  for (let row = 0; row < height; row++) {
    paintRow((<f64>(y + row) + 0.5) * pixel - 0.5);
    develop(OUT + row * width * 3, y + row, x);
    measure(map + row * width, radius);
  }
  return map;
}

/** Lists the objects that may touch the rect, far to near, from NEAR on. */
function cull(y0: f64, y1: f64): void {
  nearEnd = NEAR;
  for (let o = OBJECTS; o < objectsEnd; o += OBJECT_BYTES) {
    if (!touches(o, y0, y1)) continue;
    store<usize>(nearEnd, o);
    nearEnd += sizeof<usize>();
  }
}

function paintRow(y: f64): void {
  hide(0, 0);
  let hidden = 0;
  for (let at = NEAR; at < nearEnd; at += sizeof<usize>()) hidden = hideRow(load<usize>(at), y, hidden);
  if (y <= HORIZON) skyRow(y);
  else {
    floorRow(y);
    for (let at = NEAR; at < nearEnd; at += sizeof<usize>()) shadowRow(load<usize>(at), y);
    for (let at = NEAR; at < nearEnd; at += sizeof<usize>()) mirrorRow(load<usize>(at), y);
  }
  for (let at = NEAR; at < nearEnd; at += sizeof<usize>()) objectRow(load<usize>(at), y);
}

/** Light to a byte's worth: a filmic curve, gamma 2, and grain of about a level, in four lanes. */
// @ts-ignore: decorator
@inline
function expose(light: v128, grain: v128): v128 {
  const x = f32x4.mul(light, f32x4.splat(0.66));
  const over = f32x4.mul(x, f32x4.add(f32x4.mul(x, f32x4.splat(2.51)), f32x4.splat(0.03)));
  const under = f32x4.add(
    f32x4.mul(x, f32x4.add(f32x4.mul(x, f32x4.splat(2.43)), f32x4.splat(0.59))),
    f32x4.splat(0.14),
  );
  const tone = f32x4.sqrt(f32x4.max(f32x4.div(over, under), f32x4.splat(0)));
  const value = f32x4.add(f32x4.mul(tone, f32x4.splat(255)), grain);
  return i32x4.trunc_sat_f32x4_s(f32x4.max(f32x4.splat(0), f32x4.min(f32x4.splat(255), value)));
}

/** Turns the row into RGB bytes at `to`; writes four bytes beyond. */
function develop(to: usize, y: i32, x: i32): void {
  const step = i32x4(0, 1, 2, 3);
  const byte = i32x4.splat(255);
  for (let i = 0; i < columns; i += 4) {
    let h = i32x4.add(i32x4.splat((x + i) * 0x9e3779b1 + y * 0x85ebca77), i32x4.mul(step, i32x4.splat(0x9e3779b1)));
    h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0x2c1b3c6d));
    h = v128.xor(h, i32x4.shr_u(h, 13));
    const g0 = v128.and(h, byte);
    const g1 = v128.and(i32x4.shr_u(h, 8), byte);
    const g2 = v128.and(i32x4.shr_u(h, 16), byte);
    const r = expose(lane(i, 0), grainOf(g0));
    const g = expose(lane(i, 1), grainOf(g1));
    const b = expose(lane(i, 2), grainOf(g2));
    const packed = v128.or(v128.or(r, i32x4.shl(g, 8)), i32x4.shl(b, 16));
    const dense = i8x16.swizzle(packed, i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
    v128.store(to + i * 3, dense);
  }
}

// @ts-ignore: decorator
@inline
function grainOf(bits: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.convert_i32x4_s(bits), f32x4.splat(<f32>(1.0 / 85.0))), f32x4.splat(-1));
}

/** Turns the row's depths into radii at `to`: the circle of confusion of a thin lens, cut at `radius`. */
function measure(to: usize, radius: f32): void {
  const scale = f32x4.splat(radius / SPAN);
  for (let i = 0; i < columns; i += 4) {
    const off = f32x4.abs(f32x4.sub(lane(i, 3), f32x4.splat(FOCUS)));
    const value = f32x4.min(f32x4.splat(radius), f32x4.mul(off, scale));
    const whole = i32x4.trunc_sat_f32x4_s(f32x4.add(value, f32x4.splat(0.5)));
    const bytes = i8x16.swizzle(whole, i8x16(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
    store<i32>(to + i, i32x4.extract_lane(bytes, 0));
  }
}
