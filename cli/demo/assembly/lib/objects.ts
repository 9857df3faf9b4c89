// The things that stand on the floor: spheres, fluted columns and a reading chart, each with its shadow and
// its mirror image. All are drawn by rows as if they faced the camera; only their depth is curved.
import {
  CHART,
  clamp01,
  columnOf,
  columns,
  cover,
  EYE,
  FOCAL,
  HORIZON,
  hiddenFrom,
  hiddenTo,
  hide,
  LX,
  LY,
  LZ,
  left,
  NOISE,
  pixel,
  shade,
} from './camera';
import { noise } from './noise';

/** Floats of one object: kind, x, z, radius, height, red, green, blue, pattern, turn. */
export const OBJECT_BYTES: i32 = 40;
const SPHERE: f64 = 0;
const COLUMN: f64 = 1;
/** How far below its foot, on the picture, an object is still mirrored. */
export const MIRROR_REACH: f64 = 0.25;
/** Side of the chart's bitmap, one byte a texel. */
const CHART_SIDE: i32 = 256;

// @ts-ignore: decorator
@inline
function field(o: usize, index: usize): f64 {
  return <f64>load<f32>(o + (index << 2));
}

/** The picture row at which the object meets the floor. */
// @ts-ignore: decorator
@inline
function footOf(o: usize): f64 {
  return HORIZON + EYE * FOCAL / field(o, 2);
}

/** Whether the object, its shadow or its mirror image may touch rows y0 to y1 of the rect at hand. */
export function touches(o: usize, y0: f64, y1: f64): boolean {
  const foot = footOf(o);
  const scale = FOCAL / field(o, 2);
  const radius = field(o, 3) * 1.3 * scale;
  const height = (field(o, 0) == SPHERE ? 2 * field(o, 3) : field(o, 4)) * scale;
  if (foot - height > y1 || foot + min<f64>(height, MIRROR_REACH) + radius < y0) return false;
  const middle = field(o, 1) * scale;
  const right = left + <f64>columns * pixel;
  // A shadow falls to the right, away from the camera: it ends where the perspective has drawn it in.
  const shadow = y1 > HORIZON ? (field(o, 0) == SPHERE ? 4 * radius : height * 1.6) : 0;
  return middle - 2 * radius - shadow < right && middle + 2 * radius + shadow > left;
}

/** Darkens the floor of a row where the object keeps the sun or the sky away. */
export function shadowRow(o: usize, y: f64): void {
  const z = EYE * FOCAL / (y - HORIZON);
  const radius = field(o, 3);
  const tall = field(o, 0) != SPHERE;
  const across: f64 = 1 / sqrt<f64>(LX * LX + LZ * LZ);
  const ux: f64 = -LX * across;
  const uz: f64 = LZ * across;
  const slope: f64 = LY * across;
  const oz = z - field(o, 2);
  const lengthMax: f64 = tall ? field(o, 4) / slope : radius * 4;
  if (oz < -2.5 * radius || oz > lengthMax * uz + 2.5 * radius) return;
  const scale = FOCAL / z;
  const perScale = z / FOCAL;
  const perRadius: f64 = 1 / radius;
  const middleX = field(o, 1);
  const centre = radius / slope;
  // The strip or ellipse of the shadow as this row cuts it, and the dark around the foot.
  const middle = max<f64>(0, min<f64>(oz / uz, lengthMax)) * ux;
  const spread = radius * (tall ? 1.6 + 0.05 * lengthMax : 2.3);
  const near = oz < 2 * radius ? radius * 2 : 0;
  const x0 = field(o, 1) + min<f64>(middle - spread, -near);
  const x1 = field(o, 1) + max<f64>(middle + spread, near);
  const end = columnOf(x1 * scale);
  for (let i = columnOf(x0 * scale); i < end; i++) {
    if (i == hiddenFrom) {
      i = hiddenTo - 1;
      continue;
    }
    const ox = (left + <f64>i * pixel) * perScale - middleX;
    const along = ox * ux + oz * uz;
    const off = abs<f64>(ox * uz - oz * ux) * perRadius;
    let sun: f64;
    if (tall) {
      const soft: f64 = 0.06 + 0.07 * max<f64>(0, along);
      const end = clamp01((lengthMax - along) * 1.2) * clamp01(along * perRadius + 1);
      sun = clamp01((1 - off) / soft * 0.5 + 0.5) * end;
    } else {
      const q = (along - centre) * LY * perRadius;
      sun = clamp01((1.08 - (q * q + off * off)) * 3.2);
    }
    const d = (ox * ox + oz * oz) * perRadius * perRadius;
    const sky = clamp01(1 - d * 0.28);
    const light = (1 - 0.72 * sun) * (1 - 0.75 * sky * sky);
    if (light < 1) shade(i, light);
  }
}

/** Hides what lies behind the object in a row, if that is more than `least` columns; returns how many it hides. */
export function hideRow(o: usize, y: f64, least: i32): i32 {
  const foot = footOf(o);
  const scale = FOCAL / field(o, 2);
  const above = (foot - y) / scale;
  const radius = field(o, 3);
  // Inside of the blended rim.
  const inner = radius * 0.98 - (2 * pixel) / scale;
  let half: f64 = 0;
  if (field(o, 0) == SPHERE) half = sqrt<f64>(max<f64>(0, inner * inner - (above - radius) * (above - radius)));
  else if (above > 0 && above < field(o, 4)) half = field(o, 0) == COLUMN ? inner * 0.86 : inner;
  const from = columnOf((field(o, 1) - half) * scale);
  const to = columnOf((field(o, 1) + half) * scale);
  if (to - from <= least) return least;
  hide(from, to);
  return to - from;
}

/** Paints one row of the object. */
export function objectRow(o: usize, y: f64): void {
  const foot = footOf(o);
  if (y <= foot) standingRow(o, y, foot, 1);
}

/** Paints one row of the object's image in the floor, fainter the farther from its foot. */
export function mirrorRow(o: usize, y: f64): void {
  const foot = footOf(o);
  const below = (y - foot) / MIRROR_REACH;
  if (below <= 0 || below >= 1) return;
  standingRow(o, 2 * foot - y, foot, 0.27 * (1 - below) * (1 - below));
}

function standingRow(o: usize, y: f64, foot: f64, strength: f64): void {
  const kind = field(o, 0);
  if (kind == SPHERE) sphereRow(o, y, foot, strength);
  else if (kind == COLUMN) columnRow(o, y, foot, strength);
  else chartRow(o, y, foot, strength);
}

function sphereRow(o: usize, y: f64, foot: f64, strength: f64): void {
  const inverse: f64 = 1 / field(o, 2);
  const scale = FOCAL * inverse;
  const radius = field(o, 3) * scale;
  const cx = field(o, 1) * scale;
  const ny = (foot - radius - y) / radius;
  const room: f64 = 1 - ny * ny;
  if (room <= 0) return;
  const half = sqrt<f64>(room) * radius;
  const pattern = field(o, 8);
  const cosT = field(o, 9);
  const sinT: f64 = sqrt<f64>(max<f64>(0, 1 - cosT * cosT));
  const bulge = field(o, 3) * inverse;
  const edge: f64 = radius / (2 * pixel);
  const perRadius: f64 = 1 / radius;
  const end = columnOf(cx + half);
  for (let i = columnOf(cx - half); i < end; i++) {
    const nx = (left + <f64>i * pixel - cx) * perRadius;
    const q = room - nx * nx;
    if (q <= 0) continue;
    const nz = sqrt<f64>(q);
    let r = field(o, 5);
    let g = field(o, 6);
    let b = field(o, 7);
    // Turn the body's own axes, so that patterns do not line up with the picture.
    const px = nx * cosT - ny * sinT;
    const py = nx * sinT + ny * cosT;
    let shine: f64 = 0.05;
    if (pattern == 1) {
      const cell = <i32>floor<f64>(px * 4.5 + 60) + <i32>floor<f64>(py * 4.5 + 60) + <i32>floor<f64>(nz * 4.5 + 60);
      if (cell & 1) {
        r = 0.85;
        g = 0.8;
        b = 0.7;
      }
    } else if (pattern == 2) {
      const n = noise(NOISE, px * 34 + nz * 11, py * 34 + cosT * 500);
      const fine = noise(NOISE, px * 240, py * 240 + nz * 90);
      const vein = clamp01(1 - abs<f64>(n + (fine - 0.5) * 0.2 - 0.5) * 14);
      const tone = 0.6 + n * 0.8 + (fine - 0.5) * 0.35;
      r = r * tone + (0.9 - r) * vein * 0.7;
      g = g * tone + (0.75 - g) * vein * 0.7;
      b = b * tone + (0.45 - b) * vein * 0.7;
    } else if (pattern == 3) {
      shine = 0.62;
    } else if (pattern == 4) {
      const f = py * 5 + 0.5 * noise(NOISE, px * 40, nz * 40);
      const band = abs<f64>(f - floor<f64>(f) - 0.5);
      const fine = noise(NOISE, px * 400, py * 400);
      const k = clamp01((band - 0.22) * 40) * 0.72;
      r = (r + (0.9 - r) * k) * (0.8 + fine * 0.4);
      g = (g + (0.82 - g) * k) * (0.8 + fine * 0.4);
      b = (b + (0.66 - b) * k) * (0.8 + fine * 0.4);
    }
    const sun = max<f64>(0, nx * LX + ny * LY + nz * LZ);
    const open = clamp01(0.55 + 0.5 * ny);
    const lr = 1.5 * sun + 0.3 * open + 0.1;
    const lg = 1.28 * sun + 0.33 * open + 0.085;
    const lb = 1.0 * sun + 0.42 * open + 0.075;
    const ry: f64 = 2 * nz * ny;
    const rx: f64 = 2 * nz * nx;
    const rz: f64 = 2 * nz * nz - 1;
    const slant: f64 = 1 - nz;
    const slant2 = slant * slant;
    const mirror = shine + (0.85 - shine) * slant2 * slant2;
    let er: f64;
    let eg: f64;
    let eb: f64;
    if (ry > 0) {
      const low = (1 - ry) * (1 - ry);
      er = 0.12 + 1.0 * low;
      eg = 0.27 + 0.58 * low;
      eb = 0.56 + 0.16 * low;
    } else {
      // The floor as the reflected ray meets it, far slabs melting into one tone.
      const reach: f64 = field(o, 3) * (1 + ny + 0.15) / (0.02 - ry);
      const wx = field(o, 1) + rx * reach;
      const wz = field(o, 2) - rz * reach;
      const pale: f64 = ((<i32>floor<f64>(wx * 0.5 + 64.25) ^ <i32>floor<f64>(wz * 0.5 + 64.25)) & 1) as f64;
      const far = clamp01(0.12 / (0.05 + ry * ry));
      const slab: f64 = 0.08 + 0.42 * pale;
      er = slab + (0.75 - slab) * far * 0.8;
      eg = slab * 0.86 + (0.56 - slab * 0.86) * far * 0.8;
      eb = slab * 0.7 + (0.46 - slab * 0.7) * far * 0.8;
    }
    const spot = max<f64>(0, rx * LX + ry * LY + rz * LZ);
    const s4 = spot * spot * spot * spot;
    const s16 = s4 * s4 * s4 * s4;
    const s64 = s16 * s16 * s16 * s16;
    const flare: f64 = s64 * s64 * 3.2 + s16 * 0.12;
    r = r * lr * (1 - mirror) + er * mirror + flare;
    g = g * lg * (1 - mirror) + eg * mirror + flare * 0.92;
    b = b * lb * (1 - mirror) + eb * mirror + flare * 0.78;
    // 1 / (z − bulge) to first order: no division.
    cover(i, r, g, b, inverse * (1 + bulge * nz), min<f64>(1, q * edge) * strength);
  }
}

function columnRow(o: usize, y: f64, foot: f64, strength: f64): void {
  const inverse: f64 = 1 / field(o, 2);
  const scale = FOCAL * inverse;
  const t = (foot - y) / (field(o, 4) * scale);
  if (t < 0 || t > 1) return;
  // Plinth, ring, tapered shaft, ring, slab.
  const fromEnd: f64 = min<f64>(t, 1 - t);
  const fluted = fromEnd >= 0.075;
  let profile: f64 = fluted ? <f64>1.0 - 0.14 * t : <f64>1.28;
  if (fromEnd < 0.075 && fromEnd > 0.035) profile = 1.06 + 0.1 * (1 - abs<f64>(fromEnd - 0.055) * 50);
  const ledge: f64 = fromEnd < 0.038 && fromEnd > 0.03 ? <f64>0.55 : <f64>1;
  const neck: f64 = fluted && fromEnd < 0.085 ? <f64>0.6 : <f64>1;
  const radius = field(o, 3) * scale * profile;
  const cx = field(o, 1) * scale;
  const edge: f64 = radius / (2 * pixel);
  const perRadius: f64 = 1 / radius;
  const bulge = field(o, 3) * inverse;
  const haze = clamp01(0.8 / (1 + 900 * inverse * inverse));
  const turn = field(o, 9) * 300;
  const end = columnOf(cx + radius);
  for (let i = columnOf(cx - radius); i < end; i++) {
    const nx0 = (left + <f64>i * pixel - cx) * perRadius;
    const q: f64 = 1 - nx0 * nx0;
    if (q <= 0) continue;
    const nz0 = sqrt<f64>(q);
    // The angle around the shaft: 2·asin(x) near enough for a picture.
    const a = nx0 * (1 + q * -0.08 + (1 - q) * (1 - q) * 0.5);
    let groove: f64 = 0;
    let dip: f64 = 1;
    if (fluted) {
      const f = a * 7 + 0.5;
      groove = f - floor<f64>(f) - 0.5;
      dip = 0.62 + 0.38 * clamp01((0.46 - abs<f64>(groove)) * 6);
    }
    const nx = nx0 - groove * 1.1;
    const nz = max<f64>(0.1, nz0);
    const spot = noise(NOISE, a * 30 + turn, t * 190 + turn);
    const fine = noise(NOISE, a * 260 + turn, t * 1500);
    const pit = clamp01((fine - 0.62) * 8);
    const stone = (0.72 + spot * 0.5 + (fine - 0.5) * 0.3 - pit * 0.25) * ledge * neck;
    const sun = max<f64>(0, nx * LX + nz * LZ) * dip;
    const low = clamp01(0.4 + t * 2.5);
    const r = field(o, 5) * stone * (1.45 * sun + 0.3 * dip * low);
    const g = field(o, 6) * stone * (1.24 * sun + 0.31 * dip * low);
    const b = field(o, 7) * stone * (0.98 * sun + 0.36 * dip * low);
    cover(
      i,
      r + (0.92 - r) * haze,
      g + (0.68 - g) * haze,
      b + (0.56 - b) * haze,
      inverse * (1 + bulge * nz0),
      min<f64>(1, q * edge) * strength,
    );
  }
}

function chartRow(o: usize, y: f64, foot: f64, strength: f64): void {
  const inverse: f64 = 1 / field(o, 2);
  const scale = FOCAL * inverse;
  const height = field(o, 4) * scale;
  const half = field(o, 3) * scale;
  const t = (foot - y) / height;
  if (t < 0 || t > 1) return;
  const cx = field(o, 1) * scale;
  const v = (1 - t) * <f64>CHART_SIDE;
  const row = CHART + ((<i32>v & (CHART_SIDE - 1)) << 8);
  const rim: f64 = 0.02 * height;
  const end = columnOf(cx + half);
  for (let i = columnOf(cx - half); i < end; i++) {
    const x = left + <f64>i * pixel - cx;
    const u = (x / half * 0.5 + 0.5) * <f64>CHART_SIDE;
    const ink: f64 = load<u8>(row + (<i32>u & (CHART_SIDE - 1))) ? <f64>1 : <f64>0;
    const paper = 0.86 + (noise(NOISE, u * 6, v * 6) - 0.5) * 0.12;
    const inset = min<f64>(min<f64>(half - abs<f64>(x), t * height), (1 - t) * height);
    let r = paper * (1 - 0.95 * ink) * 1.02;
    let g = paper * (1 - 0.95 * ink) * 0.94;
    let b = paper * (1 - 0.92 * ink) * 0.8;
    if (inset < rim) {
      const wood = 0.55 + noise(NOISE, u * 2, v * 0.3 + u * 3) * 0.6;
      const bevel: f64 = x < 0 ? <f64>1.15 : <f64>0.8;
      r = 0.32 * wood * bevel;
      g = 0.17 * wood * bevel;
      b = 0.075 * wood * bevel;
    }
    cover(i, r, g, b, inverse, strength);
  }
}
