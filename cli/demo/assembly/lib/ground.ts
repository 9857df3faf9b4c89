// Sky, mountains and floor: everything of which a row of the picture shows one depth or almost.
import {
  clamp01,
  columns,
  EYE,
  FOCAL,
  HORIZON,
  hiddenFrom,
  hiddenTo,
  LINE_A,
  LINE_B,
  LINE_C,
  left,
  MAX_COLUMNS,
  NOISE,
  pixel,
  put,
  RIDGES,
} from './camera';
import { along, hash, noise, noiseLine, unit } from './noise';

const RIDGE_COUNT: i32 = 5;

// @ts-ignore: decorator
@inline
function ridgeAt(ridge: i32, column: i32): usize {
  return RIDGES + ((ridge * MAX_COLUMNS + column) << 2);
}

/** The skyline of each mountain ridge over the rect's columns; ridge 0 is the nearest and lowest. */
export function prepareRidges(): void {
  for (let ridge = 0; ridge < RIDGE_COUNT; ridge++) {
    const k = <f64>ridge;
    const scale: f64 = 26 + (4 - k) * 11;
    for (let i = 0; i < columns; i++) {
      const x = left + <f64>i * pixel + 3;
      const broad = noise(NOISE, x * scale, 17.3 + 31 * k);
      const mid = noise(NOISE, x * scale * 4.1, 77.7 + 19 * k);
      const fine = noise(NOISE, x * scale * 37, 5.1 + 7 * k);
      const sharp = 1 - abs<f64>(2 * broad - 1);
      const height = (0.012 + 0.034 * k) * (0.25 + 1.1 * sharp * sharp + 0.35 * mid) + 0.0035 * fine;
      store<f32>(ridgeAt(ridge, i), <f32>(HORIZON - height));
    }
  }
}

/** Paints the part of a row above the horizon. */
export function skyRow(y: f64): void {
  const up = HORIZON - y;
  const t = clamp01(up * 2.4);
  const low = (1 - t) * (1 - t);
  const skyR: f64 = 0.035 + 0.9 * low * low;
  const skyG: f64 = 0.12 + 0.5 * low;
  const skyB: f64 = 0.36 + 0.22 * low;
  // Clouds lie on a level sheet above the camera, so they thin out and shrink towards the horizon.
  const sheet: f64 = 1 / (up + 0.06);
  const fade = clamp01(up * 7 - 0.15);
  const v = sheet * 19;
  noiseLine(NOISE, LINE_A, v);
  noiseLine(NOISE, LINE_B, v * 4.7 + 90);
  noiseLine(NOISE, LINE_C, v * 31);
  const ridges = up < 0.24 ? RIDGE_COUNT : 0;
  for (let i = 0; i < columns; i++) {
    if (i == hiddenFrom) {
      i = hiddenTo - 1;
      continue;
    }
    const x = left + <f64>i * pixel;
    let ridge = 0;
    while (ridge < ridges && y < <f64>load<f32>(ridgeAt(ridge, i))) ridge++;
    if (ridge < ridges) {
      mountain(i, x, y, ridge);
      continue;
    }
    const dx = x + 0.62;
    const dy = y + 0.3;
    const glow: f64 = 0.12 / (0.12 + dx * dx + dy * dy);
    const u = x * sheet * 10;
    const big = along(LINE_A, u + 40);
    const body = along(LINE_B, u * 5.3);
    const wisp = along(LINE_C, u * 37);
    const mass = big * 0.62 + body * 0.28 + wisp * 0.1;
    const cloud = clamp01((mass - 0.52) * 6) * fade;
    const lit: f64 = 0.72 + (0.62 - mass) * 2.4;
    const r = skyR + 0.75 * glow * glow;
    const g = skyG + 0.45 * glow * glow;
    const b = skyB + 0.2 * glow * glow;
    put(i, r + (1.25 * lit - r) * cloud, g + (1.02 * lit - g) * cloud, b + (0.88 * lit - b) * cloud, 0);
  }
}

// @ts-ignore: decorator
@inline
function mountain(i: i32, x: f64, y: f64, ridge: i32): void {
  const k = <f64>ridge;
  const depth = y - <f64>load<f32>(ridgeAt(ridge, i));
  const u = x * (150 - 18 * k) + 61 * k;
  const v = y * (190 - 18 * k) + depth * 60;
  // Relief: light falls in from the left, so a slope is bright where the ground rises to the right.
  const here = noise(NOISE, u, v);
  const relief = (here - noise(NOISE, u - 2.2, v - 1.3)) * 5;
  const rock = noise(NOISE, u * 9, v * 11);
  const lit = 0.62 + relief * 1.5 + (rock - 0.5) * 0.6;
  const snow = ridge >= 3 ? clamp01((0.045 - depth) * 40 + (here - 0.5) * 5) : <f64>0;
  const r = (0.2 + 0.75 * snow) * lit;
  const g = (0.22 + 0.7 * snow) * lit + (ridge < 2 ? <f64>0.03 : <f64>0);
  const b = (0.17 + 0.75 * snow) * lit;
  const haze: f64 = clamp01(0.06 + 0.1 * k + depth * 1.5);
  const inverse: f64 = 0.012 / (1 + k);
  put(i, r + (0.62 - r) * haze, g + (0.56 - g) * haze, b + (0.62 - b) * haze, inverse);
}

/** The share of a unit's first half in [u − w/2, u + w/2], a square wave seen through a pixel. */
// @ts-ignore: decorator
@inline
function wave(u: f64, perWidth: f64): f64 {
  const f = u - floor<f64>(u);
  const d = abs<f64>(f - 0.5) - 0.25;
  return clamp01(0.5 + d * perWidth);
}

/** Paints the part of a row below the horizon: polished stone slabs with veins and joints. */
export function floorRow(y: f64): void {
  const inverse = (y - HORIZON) / (EYE * FOCAL);
  const z: f64 = 1 / inverse;
  const du = pixel * z / FOCAL;
  const dv = pixel * z * z / (EYE * FOCAL);
  const mirror = clamp01(0.1 + 0.6 / (1 + 110 * inverse * inverse));
  const haze = clamp01(0.8 / (1 + 900 * inverse * inverse));
  const detail = clamp01(1.6 - dv * 30);
  const grain = clamp01(1.5 - dv * 420);
  const contrast = clamp01(1.35 - dv * 1.6);
  const perU: f64 = 1 / max<f64>(du, 0.0005);
  const perV: f64 = 1 / max<f64>(dv, 0.0005);
  const slabV = floor<f64>(z);
  const rowWave = wave(z * 0.5 - 0.25, perV * 2);
  const fromJointV = abs<f64>(z - slabV - 0.5);
  const jointV = clamp01((fromJointV - 0.488) * perV + 0.5) * contrast;
  // Above the mirrored horizon the polish shows the sky at the same height.
  const t = clamp01((y - HORIZON) * 2.2);
  const low = (1 - t) * (1 - t);
  const mr: f64 = 0.14 + 0.9 * low;
  const mg: f64 = 0.26 + 0.5 * low;
  const mb: f64 = 0.48 + 0.12 * low;
  const scale = z / FOCAL;
  let slabU: f64 = -1e9;
  let turn: f64 = 0;
  let tone: f64 = 0;
  noiseLine(NOISE, LINE_A, z * 31);
  noiseLine(NOISE, LINE_B, z * 300);
  noiseLine(NOISE, LINE_C, z * 2900);
  for (let i = 0; i < columns; i++) {
    if (i == hiddenFrom) {
      i = hiddenTo - 1;
      continue;
    }
    const u = (left + <f64>i * pixel) * scale;
    const columnWave = wave(u * 0.5 - 0.25, perU * 2);
    const check = 0.5 + (columnWave - 0.5) * (rowWave - 0.5) * 2 * contrast;
    if (u >= slabU + 1) {
      slabU = floor<f64>(u);
      turn = ((<i32>slabU * 37 + <i32>slabV * 91) & 255) as f64;
      tone = 0.8 + unit(hash(<u32><i32>slabU, <u32><i32>slabV, 5)) * 0.3 * contrast;
    }
    const stone = along(LINE_A, u * 31 + turn);
    const fine = along(LINE_B, u * 300 + z * 40);
    const vein = clamp01(1 - abs<f64>(stone + (fine - 0.5) * 0.12 - 0.5) * 26) * detail;
    let bright = tone + (stone - 0.5) * 0.7 * detail + (fine - 0.5) * 0.3 * detail;
    if (grain > 0) bright += (along(LINE_C, u * 2900) - 0.5) * 0.35 * grain;
    let r = (0.045 + 0.6 * check) * bright;
    let g = (0.05 + 0.49 * check) * bright;
    let b = (0.062 + 0.36 * check) * bright;
    const ink = vein * (0.15 + 0.4 * check);
    r += (0.3 - r) * ink;
    g += (0.24 - g) * ink;
    b += (0.2 - b) * ink;
    const fromJointU = abs<f64>(u - slabU - 0.5);
    const joint = 1 - 0.75 * max<f64>(jointV, clamp01((fromJointU - 0.488) * perU + 0.5) * contrast);
    r *= joint;
    g *= joint;
    b *= joint;
    const gloss = mirror * (0.75 + 0.5 * stone) * 0.55;
    r += (mr - r) * gloss;
    g += (mg - g) * gloss;
    b += (mb - b) * gloss;
    put(i, r + (0.92 - r) * haze, g + (0.68 - g) * haze, b + (0.56 - b) * haze, inverse);
  }
}
