import { imagesOf } from '../../tiling/operations/parameter-files.js';
import type { ChainLink } from '../../tiling/plan/chain.js';
import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../kernels/kernel.js';
import { allocate } from './allocate.js';
import { alphaLast } from './alpha-order.js';
import type { ChainInputs } from './open-job.js';
import type { Tally } from './tally.js';

/** The rects of the images beside the job's own, under the operation's output; undefined where it reads none. */
export async function readExtras(
  open: ChainInputs,
  { operation, output }: ChainLink,
  tally: Tally,
): Promise<KernelContext['extras']> {
  const named = imagesOf(operation);
  const rasters: Record<string, TileRaster> = {};
  for (const { param, path } of named) {
    const reader = open.extras[path]!;
    const raster = allocate(open, output, reader.source.info);
    const strideBytes = raster.stride * SAMPLE_BYTES[raster.dtype];
    tally.addRead(await reader.read(output, bytesOf(raster.samples), strideBytes));
    rasters[param] = raster.channels === open.plan.image.channels ? alphaLast(raster, open.plan.image) : raster;
  }
  return named.length === 0 ? undefined : rasters;
}
