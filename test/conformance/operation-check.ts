import { OPERATIONS } from '../../tiling/operations/index.js';
import type { Kernel, TileRaster } from '../../worker/kernels/kernel.js';
import { REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { imageOf, noise } from './box-tiles.js';
import type { Combination, OperationRow } from './operation-table.js';
import { type OperationCase, runTiled } from './operation-tiles.js';

const RANGE = { uint8: 255, uint16: 65535, uint32: 4294967295, float32: 4 };

/** The test image and operation of one row of the table at one combination of the axes. */
export function caseOf(row: OperationRow, at: Combination, seed: number): OperationCase {
  const random = noise(seed);
  const range = RANGE[at.dtype];
  const nodata = at.dtype === 'float32' ? -3 : Math.floor(range / 3);
  const has = (kind: Combination['samples']) => at.samples === kind || at.samples === 'everything';
  const image = imageOf(at.size, { dtype: at.dtype, channels: at.channels }, (x, y) => {
    const kind = random(10);
    if (has('nodata') && kind < 2) return nodata;
    if (has('nonfinite') && at.dtype === 'float32' && random(60) === 0) {
      return random(2) === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
    }
    const smooth = 0.5 + 0.4 * Math.sin(x / 4) * Math.cos(y / 3);
    const value = kind === 9 ? random(2) : 0.7 * smooth + 0.3 * (random(1000) / 1000);
    return at.dtype === 'float32' ? value * range : Math.floor(value * range);
  });
  // The scale space gives 0 where weights add up to less than 1e-9, as next to a transparent pixel of a tiny sigma.
  const least = row.params.quality === 'fast' ? 0.3 : 0;
  const sigmas = Float32Array.from({ length: at.size.width * at.size.height }, (_, i) => {
    const sigma = ((i * 7) % 50) / 25;
    return sigma < least ? 0 : sigma;
  });
  const map =
    OPERATIONS[row.name]!.mapMeaning === 'radius' ? Uint16Array.from(sigmas, (s) => Math.round(s * 3)) : sigmas;
  // Alpha that is no nodata lies in its range: negative weights could cancel.
  const weighted = has('alpha') && at.channels > 1;
  const { width, height } = at.size;
  // A masked corner and masked pixels strewn over the rest.
  const valid = Uint8Array.from({ length: width * height }, (_, i) =>
    (i % width) + Math.floor(i / width) < 9 || random(4) === 0 ? 0 : 255,
  );
  return {
    image: has('masked') ? { ...image, valid } : image,
    name: row.name,
    params: row.params,
    border: at.border,
    constant: 2,
    ...(row.byMap && { map }),
    ...(row.frames && { extras: framesOf(image) }),
    ...(has('nodata') && {
      nodata: Array.from({ length: at.channels }, (_, c) =>
        c === 1 && !(weighted && at.channels === 2) ? null : nodata,
      ),
    }),
    ...(weighted && { alpha: 'unassociated' as const }),
  };
}

/** A flat frame with the image's channels, brighter than the dark one of a single channel but for some pixels. */
function framesOf({ rect, dtype, channels }: TileRaster): Record<string, TileRaster> {
  const range = RANGE[dtype];
  const stored = (value: number) => (dtype === 'float32' ? value : Math.floor(value));
  return {
    flat: imageOf(rect, { dtype, channels }, (x, y) => stored(range * ((x + y) % 9 === 0 ? 0.1 : 0.8 + x / 200))),
    dark: imageOf(rect, { dtype, channels: 1 }, (_, y) => stored(range * (0.1 + y / 400))),
  };
}

/**
 * What is wrong with a kernel at one combination, or undefined: the tiled image must equal the reference's
 * untiled one within the row's bound.
 */
export function faultOf(row: OperationRow, at: Combination, kernel: Kernel, seed: number): string | undefined {
  const test = caseOf(row, at, seed);
  const exact = kernel === REFERENCE_KERNELS[row.name];
  const results = { whole: wholeOf(row, test, seed), tiled: runTiled(test, at.tile, kernel) };
  return faultOfResult(row, at, results, exact ? 0 : undefined);
}

const wholes = new Map<OperationRow, Map<number, TileRaster>>();

/** What the reference makes of a row's case, made once for all backends that are held against it. */
function wholeOf(row: OperationRow, test: OperationCase, seed: number): TileRaster {
  const known = wholes.get(row) ?? new Map<number, TileRaster>();
  wholes.set(row, known);
  const whole = known.get(seed) ?? untiled(test);
  known.set(seed, whole);
  return whole;
}

/** What the reference makes of a case in one piece. */
export function untiled(test: OperationCase): TileRaster {
  return runTiled(test, { width: 1024, height: 1024 });
}

/** As {@link faultOf}, of results that are there already. */
export function faultOfResult(
  row: OperationRow,
  at: Combination,
  { whole, tiled }: { readonly whole: TileRaster; readonly tiled: TileRaster },
  bound = whole.dtype === 'uint32' ? 0 : row.bound[whole.dtype],
): string | undefined {
  const worst = worstDifference(whole, tiled);
  const allowed = whole.dtype === 'float32' ? bound * Math.max(1, extent(whole)) : bound;
  if (worst <= allowed) return undefined;
  return `${row.name} ${JSON.stringify(row.params)} at ${JSON.stringify(at)}: worst difference ${worst}, allowed ${allowed}`;
}

function worstDifference(a: TileRaster, b: TileRaster): number {
  if (a.valid?.some((value, i) => value !== b.valid![i])) return Number.POSITIVE_INFINITY;
  let worst = 0;
  a.samples.forEach((sample, i) => {
    const other = b.samples[i]!;
    if (Object.is(sample, other) || sample === other) return;
    const difference = Math.abs(sample - other);
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  });
  return worst;
}

/** The largest magnitude of a raster's finite samples, or how far they lie apart. */
function extent(raster: TileRaster): number {
  let low = 0;
  let high = 0;
  for (const sample of raster.samples) {
    if (!Number.isFinite(sample)) continue;
    low = Math.min(low, sample);
    high = Math.max(high, sample);
  }
  return high - low;
}
