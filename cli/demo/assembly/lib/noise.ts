// A small periodic texture of fractal value noise, made once per instance: one bilinear lookup costs what one
// octave of computed noise would, and holds five.

/** The side of the texture in texels; its period. A power of two. */
const SIDE: i32 = 256;
const OCTAVES: i32 = 5;
/** Cells of the coarsest octave along a side. */
const COARSEST: i32 = 8;

// @ts-ignore: decorator
@inline
export function hash(x: u32, y: u32, seed: u32): u32 {
  let h = x * 0x9e3779b1 + y * 0x85ebca77 + seed * 0xc2b2ae3d;
  h = (h ^ (h >>> 15)) * 0x2c1b3c6d;
  h = (h ^ (h >>> 12)) * 0x297a2d39;
  return h ^ (h >>> 15);
}

// @ts-ignore: decorator
@inline
export function unit(h: u32): f64 {
  return <f64>h * (1.0 / 4294967296.0);
}

function smooth(t: f64): f64 {
  return t * t * (3 - 2 * t);
}

/** Fills `at` with SIDE × SIDE floats between 0 and 1, mean about one half. */
export function fillNoise(at: usize, seed: u32): void {
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      let sum: f64 = 0;
      let weight: f64 = 0.5;
      let cells = COARSEST;
      for (let octave = 0; octave < OCTAVES; octave++) {
        const texels = SIDE / cells;
        const cx = x / texels;
        const cy = y / texels;
        const fx = smooth(<f64>(x % texels) / <f64>texels);
        const fy = smooth(<f64>(y % texels) / <f64>texels);
        const s = seed + octave;
        const right = (cx + 1) % cells;
        const below = (cy + 1) % cells;
        const a = unit(hash(cx, cy, s));
        const b = unit(hash(right, cy, s));
        const c = unit(hash(cx, below, s));
        const d = unit(hash(right, below, s));
        const top = a + (b - a) * fx;
        sum += weight * (top + (c + (d - c) * fx - top) * fy);
        weight *= 0.5;
        cells <<= 1;
      }
      store<f32>(at + ((y * SIDE + x) << 2), <f32>(sum * (32.0 / 31.0)));
    }
  }
}

/** The texture at `at`, bilinear at texel coordinates `u`, `v`. */
// @ts-ignore: decorator
@inline
export function noise(at: usize, u: f64, v: f64): f64 {
  const fu = floor<f64>(u);
  const fv = floor<f64>(v);
  const x = <i32>fu & (SIDE - 1);
  const x1 = (x + 1) & (SIDE - 1);
  const y = (<i32>fv & (SIDE - 1)) * SIDE;
  const y1 = (y + SIDE) & (SIDE * SIDE - 1);
  const a = load<f32>(at + ((y + x) << 2));
  const b = load<f32>(at + ((y + x1) << 2));
  const c = load<f32>(at + ((y1 + x) << 2));
  const d = load<f32>(at + ((y1 + x1) << 2));
  const du = <f32>(u - fu);
  const top = a + (b - a) * du;
  return <f64>(top + (c + (d - c) * du - top) * <f32>(v - fv));
}

/** Blends the two texture rows around `v` into a line of SIDE + 1 floats at `line`, for {@link along}. */
export function noiseLine(at: usize, line: usize, v: f64): void {
  const fv = floor<f64>(v);
  const y = at + (((<i32>fv & (SIDE - 1)) * SIDE) << 2);
  const y1 = at + ((((<i32>fv + 1) & (SIDE - 1)) * SIDE) << 2);
  const share = f32x4.splat(<f32>(v - fv));
  for (let x = 0; x < SIDE * 4; x += 16) {
    const a = v128.load(y + x);
    v128.store(line + x, f32x4.add(a, f32x4.mul(f32x4.sub(v128.load(y1 + x), a), share)));
  }
  store<f32>(line + SIDE * 4, load<f32>(line));
}

/** The line at texel coordinate `u`: {@link noise} at the line's `v` at a third of the cost. */
// @ts-ignore: decorator
@inline
export function along(line: usize, u: f64): f64 {
  // 8 bits of texel, 24 of fraction; the period wraps by itself.
  const phase = <u32><i64>(u * 16777216.0);
  const x = line + ((phase >>> 24) << 2);
  const a = load<f32>(x);
  return <f64>(a + (load<f32>(x, 4) - a) * (<f32>(phase & 0xffffff) * <f32>(1.0 / 16777216.0)));
}
