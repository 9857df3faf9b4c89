import { join } from 'node:path';
import { rectOf, type Size } from '../../tiling/geometry/rect.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import type { Border } from '../../tiling/operations/index.js';
import { allocateSamples, type DType, INTEGER_MAX, toSample } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { CONSTANT, imageOf, noise, referenceBox } from '../conformance/box-tiles.js';
import { type FileLayout, writeTiff } from './tiff-file.js';

/** One blur by map: its input files' content and the options that change pixels. */
export interface BlurCase {
  readonly size: Size;
  readonly dtype: DType;
  readonly channels: number;
  readonly mapDtype: DType;
  readonly border: Border;
  readonly seed: number;
  readonly mapping?: { readonly scale?: number; readonly offset?: number; readonly max?: number };
  readonly weighted?: boolean;
  readonly nodata?: number;
  readonly outputDtype?: DType;
  readonly imageLayout?: FileLayout;
  readonly mapLayout?: FileLayout;
}

/** Largest radius of the cases' maps before their mapping. */
const MAX_RADIUS = 19;

/** The image of a case: noise with flat parts, a tenth of it nodata where the case has one. */
export function caseImage({ size, dtype, channels, seed, nodata, weighted }: BlurCase): TileRaster {
  const next = noise(seed);
  const top = dtype === 'float32' ? 1000 : INTEGER_MAX[dtype];
  return imageOf(size, { dtype, channels }, (x, y, c) => {
    if (nodata !== undefined && next(10) === 0) return nodata;
    if (weighted && c === channels - 1) return next(3) === 0 ? 0 : next(top + 1);
    const value = (x >> 3) + (y >> 3) === 4 ? top : next(top + 1);
    return dtype === 'float32' ? value / 7 : value;
  });
}

/** The map of a case, in values that its mapping takes to small radii. */
export function caseMap({ size, mapDtype, seed }: BlurCase): TileRaster {
  const next = noise(seed + 1000);
  return imageOf(size, { dtype: mapDtype, channels: 1 }, (x, y) => {
    const radius = ((x >> 4) + (y >> 4)) % 3 === 0 ? next(MAX_RADIUS + 1) : (x + y) % 5;
    return mapDtype === 'float32' ? radius + next(100) / 100 : radius;
  });
}

/** Writes the inputs of a case into a folder and gives the job. */
export function writeCase(test: BlurCase, folder: string): JobSpecInput {
  const image = join(folder, 'image.tif');
  const map = join(folder, 'map.tif');
  writeTiff(image, caseImage(test), test.imageLayout, {
    nodata: test.nodata,
    alpha: test.weighted ? 'unassociated' : undefined,
  });
  writeTiff(map, caseMap(test), test.mapLayout);
  return {
    image,
    map,
    output: join(folder, 'out.tif'),
    operations: [{ name: 'box', border: test.border, constant: CONSTANT }],
    mapping: test.mapping,
    dtype: test.outputDtype,
  };
}

/** The whole image at once, by the plain kernel; rounded and clamped to the output's type. */
export function expectedLevel0(test: BlurCase): TileRaster {
  const image = caseImage(test);
  const { scale = 1, offset = 0, max = Number.POSITIVE_INFINITY } = test.mapping ?? {};
  const radii = Uint16Array.from(caseMap(test).samples, (value) =>
    Math.floor(Math.min(scale * value + offset, max) + 0.5),
  );
  const samples = referenceBox({
    image,
    border: test.border,
    radii,
    alpha: test.weighted ? 'unassociated' : 'none',
    ...(test.nodata !== undefined && { nodata: new Array<number>(test.channels).fill(test.nodata) }),
  });
  const dtype = test.outputDtype ?? test.dtype;
  const converted = allocateSamples(dtype, samples.length);
  samples.forEach((value, i) => {
    converted[i] = toSample(dtype, value);
  });
  return { ...image, rect: rectOf(test.size), dtype, samples: converted };
}
