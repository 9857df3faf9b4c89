import { BORDERS, type Border } from '../../tiling/operations/index.js';
import type { DType } from '../../tiling/raster/dtype.js';

/** One way to use an operation, and how far a faster backend may be from the reference. */
export interface OperationRow {
  readonly name: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly byMap?: boolean;
  /** The parameters `flat` and `dark` are images. */
  readonly frames?: boolean;
  /** Largest difference allowed: in float32 as a share of the samples' range, in integers in units. */
  readonly bound: Readonly<Record<Exclude<DType, 'uint32'>, number>>;
}

const EXACT = { uint8: 0, uint16: 0, float32: 0 };
/** Float sums in another order, never rounded to an integer differently by more than one. */
const SUMMED = { uint8: 1, uint16: 1, float32: 2e-6 };
/** Means whose weights are sums of float32 themselves. */
const AVERAGED = { uint8: 1, uint16: 1, float32: 1e-5 };
const INTEGER_EXACT = { uint8: 0, uint16: 0, float32: 2e-6 };

/**
 * The scale space on images made to be hard for it: noise and a map that jumps from pixel to pixel. What it keeps on
 * real images stands in a test of its own.
 */
const SCALE_SPACE = { uint8: 2, uint16: 258, float32: 0.004 };

/** Where the build puts the examples of users' kernels, seen from the fixtures. */
const KERNELS = '../../../dist/examples/kernels';

/** Every operation as the conformance suite runs it. */
export const OPERATION_TABLE: readonly OperationRow[] = [
  { name: 'box', params: { radius: 2 }, bound: INTEGER_EXACT },
  { name: 'box', params: {}, byMap: true, bound: INTEGER_EXACT },
  { name: 'gaussian', params: { sigma: 1.3 }, bound: SUMMED },
  { name: 'gaussian', params: { sigma: 2, ksize: 5 }, bound: SUMMED },
  { name: 'gaussian', params: { sigma: 5, ksize: 31 }, bound: SUMMED },
  { name: 'gaussian', params: { quality: 'exact' }, byMap: true, bound: SUMMED },
  { name: 'gaussian', params: { quality: 'fast' }, byMap: true, bound: SCALE_SPACE },
  { name: 'iterated-box', params: { k: 3 }, byMap: true, bound: SUMMED },
  { name: 'iterated-box', params: { k: 5, sigma: 2 }, bound: SUMMED },
  { name: 'iterated-box', params: { k: 17, sigma: 3 }, bound: SUMMED },
  { name: 'max', params: { footprint: 'disk:3' }, bound: EXACT },
  { name: 'max', params: { footprint: 'bits:4x3:010111000101' }, bound: EXACT },
  { name: 'min', params: { footprint: 'rect:6x3' }, bound: EXACT },
  { name: 'min', params: { footprint: 'disk:2' }, bound: EXACT },
  { name: 'median', params: { footprint: 'disk:2' }, bound: EXACT },
  { name: 'median', params: { footprint: 'rect:4x3' }, bound: EXACT },
  { name: 'median', params: { footprint: 'rect:3x3' }, bound: EXACT },
  { name: 'median', params: { footprint: 'rect:5x5' }, bound: EXACT },
  { name: 'percentile', params: { footprint: 'disk:3', percentile: 35 }, bound: EXACT },
  { name: 'percentile', params: { footprint: 'bits:3x3:010011000', percentile: 80 }, bound: EXACT },
  { name: 'open', params: { footprint: 'disk:3' }, bound: EXACT },
  { name: 'open', params: { footprint: 'rect:4x3' }, bound: EXACT },
  { name: 'close', params: { footprint: 'bits:4x3:010111000101' }, bound: EXACT },
  { name: 'morph-gradient', params: { footprint: 'rect:2x5' }, bound: EXACT },
  { name: 'top-hat', params: { footprint: 'disk:2' }, bound: EXACT },
  { name: 'top-hat', params: { footprint: 'bits:3x3:010011000' }, bound: EXACT },
  { name: 'black-hat', params: { footprint: 'rect:3x4' }, bound: EXACT },
  { name: 'mean', params: { window: 5 }, bound: INTEGER_EXACT },
  { name: 'mean', params: { footprint: 'disk:2' }, bound: INTEGER_EXACT },
  { name: 'mean', params: { footprint: 'bits:4x3:010111001101' }, bound: INTEGER_EXACT },
  { name: 'std', params: { window: 4, ddof: 1 }, bound: SUMMED },
  { name: 'std', params: { footprint: 'disk:3' }, bound: SUMMED },
  { name: 'variance', params: { footprint: 'bits:4x3:010111001101', ddof: 1 }, bound: SUMMED },
  { name: 'variance', params: { window: 5, dtype: 'float32' }, bound: SUMMED },
  { name: 'std', params: { footprint: 'disk:2', dtype: 'float32' }, bound: SUMMED },
  { name: 'variance', params: { window: 3 }, bound: SUMMED },
  { name: 'nlm', params: { patch: 3, window: 5 }, bound: AVERAGED },
  { name: 'nlm', params: { patch: 5, window: 3, h: 40, sigma: 3 }, bound: AVERAGED },
  { name: 'gamma', params: { gamma: 0.5 }, bound: INTEGER_EXACT },
  { name: 'levels', params: { black: 0.1, white: 200, gamma: 1.4 }, bound: INTEGER_EXACT },
  { name: 'levels', params: { black: 0.1, white: 200 }, bound: INTEGER_EXACT },
  { name: 'lut', params: { table: 'curve.cube' }, bound: INTEGER_EXACT },
  { name: 'flat-field', params: { dark: 0.1, flat: 3 }, bound: SUMMED },
  { name: 'flat-field', params: { dark: 'dark', flat: 'flat' }, frames: true, bound: SUMMED },
  { name: 'flat-field', params: { dark: 1, flat: 'flat', scale: 2 }, frames: true, bound: SUMMED },
  { name: 'threshold', params: { value: 0.5 }, bound: EXACT },
  { name: 'threshold', params: { method: 'otsu' }, bound: EXACT },
  { name: 'threshold', params: { method: 'niblack', window: 5 }, bound: EXACT },
  { name: 'threshold', params: { method: 'sauvola', window: 7 }, bound: EXACT },
  { name: 'row-ema', params: { alpha: 0.1 }, bound: EXACT },
  { name: 'downscale', params: { factor: 3 }, bound: INTEGER_EXACT },
  { name: 'downscale', params: { size: '11x6' }, bound: INTEGER_EXACT },
  { name: 'downscale', params: { size: '9x7', method: 'nearest' }, bound: EXACT },
  { name: 'distance', params: {}, bound: EXACT },
  { name: 'distance', params: { from: 'black', squared: 'true', dx: 2, dy: 0.7 }, bound: EXACT },
  { name: 'distance', params: { metric: 'taxicab', signed: 'true', dy: 3, dtype: 'uint16', scale: 10 }, bound: EXACT },
  { name: 'distance', params: { metric: 'chessboard', dx: 1.5, cap: 6 }, bound: EXACT },
  { name: 'distance', params: { signed: 'true', from: 'black', dtype: 'uint8', scale: 20 }, bound: EXACT },
  { name: 'label', params: {}, bound: EXACT },
  { name: 'label', params: { connectivity: 8, from: 'black', minArea: 3 }, bound: EXACT },
  { name: 'label', params: { dropBorder: 'true', from: 'black' }, bound: EXACT },
  { name: 'label', params: { largest: 'true', from: 'black' }, bound: EXACT },
  { name: 'label', params: { largest: 'true', minArea: 2, dropBorder: 'true', connectivity: 8 }, bound: EXACT },
  { name: 'fill-holes', params: {}, bound: EXACT },
  { name: 'fill-holes', params: { connectivity: 8, value: 7 }, bound: EXACT },
  // Colours are bytes: what floats are rounded to is said.
  {
    name: 'palette',
    params: { colours: '#000000 #10c040 #8090a0 #ffffff', dither: 'ordered', dtype: 'uint8' },
    bound: EXACT,
  },
  {
    name: 'palette',
    params: { colours: '#204060 #f0e010', target: '#000000 #ffff00', dtype: 'uint16', size: '9x7' },
    bound: EXACT,
  },
  { name: 'custom', params: { module: `${KERNELS}/max-row.wasm`, footprint: 'disk:2' }, bound: EXACT },
  { name: 'custom', params: { module: `${KERNELS}/vignette.wasm`, data: 0.5 }, bound: EXACT },
];

/** What else varies: every pair of values of two axes is met for every row in CI, all of them by script. */
export const AXES = {
  dtype: ['uint8', 'uint16', 'float32'] satisfies DType[],
  border: [...BORDERS] as Border[],
  tile: [
    { width: 64, height: 64 },
    { width: 16, height: 16 },
    { width: 7, height: 5 },
  ],
  size: [
    { width: 33, height: 21 },
    { width: 17, height: 32 },
    { width: 1, height: 9 },
    { width: 12, height: 1 },
  ],
  channels: [1, 2, 3, 4, 6],
  samples: ['plain', 'nodata', 'alpha', 'nonfinite', 'masked', 'everything'],
} as const;

/** One value of every axis. */
export type Combination = { readonly [A in keyof typeof AXES]: (typeof AXES)[A][number] };

/** The full product of all axes. */
export function allCombinations(): Combination[] {
  let rows: Record<string, unknown>[] = [{}];
  for (const [axis, values] of Object.entries(AXES)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [axis]: value })));
  }
  return rows as unknown as Combination[];
}

/**
 * Combinations that meet every pair of values of two axes: drawn at random from `random`, kept where they add
 * a pair.
 */
export function pairwiseCombinations(random: (below: number) => number): Combination[] {
  const axes = Object.entries(AXES);
  const pairKey = (i: number, a: number, j: number, b: number) => `${i}:${a} ${j}:${b}`;
  const missing = new Set<string>();
  for (let i = 0; i < axes.length; i++) {
    for (let j = i + 1; j < axes.length; j++) {
      axes[i]![1].forEach((_, a) => {
        axes[j]![1].forEach((_, b) => {
          missing.add(pairKey(i, a, j, b));
        });
      });
    }
  }
  const chosen: Combination[] = [];
  while (missing.size > 0) {
    const drawn = Array.from({ length: 30 }, () => axes.map(([, values]) => random(values.length)));
    const pairsOf = (picks: readonly number[]) =>
      picks.flatMap((a, i) => picks.slice(i + 1).map((b, k) => pairKey(i, a, i + 1 + k, b)));
    const gain = (picks: readonly number[]) => pairsOf(picks).filter((pair) => missing.has(pair)).length;
    const best = drawn.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    if (gain(best) === 0) continue;
    for (const pair of pairsOf(best)) missing.delete(pair);
    chosen.push(
      Object.fromEntries(axes.map(([axis, values], i) => [axis, values[best[i]!]])) as unknown as Combination,
    );
  }
  return chosen;
}
