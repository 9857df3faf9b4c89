import { OPERATIONS } from '../../tiling/operations/index.js';
import type { Kernel, TileRaster } from '../../worker/kernels/kernel.js';
import { REFERENCE_KERNELS } from '../../worker/kernels/reference/index.js';
import { imageOf, noise } from './box-tiles.js';
import type { Combination, OperationRow } from './operation-table.js';
import { type OperationCase, runTiled } from './operation-tiles.js';

const RANGE = { uint8: 255, uint16: 65535, float32: 4 };

/** The test image and operation of one row of the table at one combination of the axes. */
export function caseOf(row: OperationRow, at: Combination, seed: number): OperationCase {
  const random = noise(seed);
  const range = RANGE[at.dtype];
  const hole = at.dtype === 'float32' ? -3 : Math.floor(range / 3);
  const image = imageOf(at.size, { dtype: at.dtype, channels: at.channels }, (x, y) => {
    const kind = random(10);
    if (at.samples === 'nodata' && kind < 2) return hole;
    if (at.samples === 'nonfinite' && at.dtype === 'float32' && random(60) === 0) {
      return random(2) === 0 ? Number.NaN : Number.POSITIVE_INFINITY;
    }
    const smooth = 0.5 + 0.4 * Math.sin(x / 4) * Math.cos(y / 3);
    const value = kind === 9 ? random(2) : 0.7 * smooth + 0.3 * (random(1000) / 1000);
    return at.dtype === 'float32' ? value * range : Math.floor(value * range);
  });
  const sigmas = Float32Array.from({ length: at.size.width * at.size.height }, (_, i) => ((i * 7) % 50) / 25);
  const map =
    OPERATIONS[row.name]!.mapMeaning === 'radius' ? Uint16Array.from(sigmas, (s) => Math.round(s * 3)) : sigmas;
  return {
    image,
    name: row.name,
    params: row.params,
    border: at.border,
    constant: 2,
    ...(row.byMap && { map }),
    ...(row.frames && { extras: framesOf(image) }),
    ...(at.samples === 'nodata' && { nodata: Array.from({ length: at.channels }, (_, c) => (c === 1 ? null : hole)) }),
    ...(at.samples === 'alpha' && at.channels > 1 && { alpha: 'unassociated' as const }),
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
  return faultOfResult(row, at, test, runTiled(test, at.tile, kernel), exact ? 0 : row.bound[at.dtype]);
}

/** As {@link faultOf}, of a result that is there already. */
export function faultOfResult(
  row: OperationRow,
  at: Combination,
  test: OperationCase,
  tiled: TileRaster,
  bound = row.bound[at.dtype],
): string | undefined {
  const whole = runTiled(test, { width: 1024, height: 1024 });
  const worst = worstDifference(whole, tiled);
  const allowed = at.dtype === 'float32' ? bound * Math.max(1, largest(whole)) : bound;
  if (worst <= allowed) return undefined;
  return `${row.name} ${JSON.stringify(row.params)} at ${JSON.stringify(at)}: worst difference ${worst}, allowed ${allowed}`;
}

function worstDifference(a: TileRaster, b: TileRaster): number {
  let worst = 0;
  a.samples.forEach((sample, i) => {
    const other = b.samples[i]!;
    if (Object.is(sample, other) || sample === other) return;
    const difference = Math.abs(sample - other);
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  });
  return worst;
}

function largest(raster: TileRaster): number {
  let max = 0;
  for (const sample of raster.samples) if (Number.isFinite(sample)) max = Math.max(max, Math.abs(sample));
  return max;
}
