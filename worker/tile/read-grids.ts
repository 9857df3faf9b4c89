import { gridWindow, POINT_BYTES, pyramidGrids, pyramidOf } from '../../tiling/operations/pyramid.js';
import type { ChainLink } from '../../tiling/plan/chain.js';
import type { TileGrid } from '../kernels/kernel.js';
import type { ChainInputs } from './open-job.js';
import type { Tally } from './tally.js';

/** What a Gaussian by map reads of the grids of the whole image for its output. */
export async function readGrids(open: ChainInputs, { operation, output, image }: ChainLink, tally: Tally) {
  const grids: TileGrid[] = [];
  for (const stored of pyramidGrids(image, pyramidOf(operation)!)) {
    const rect = gridWindow(output, stored);
    const bytes = open.backend.memory.allocSamples('uint8', rect.width * rect.height * POINT_BYTES) as Uint8Array;
    const place = { ...rect, x: rect.x - stored.rect.x, y: stored.row + rect.y - stored.rect.y };
    tally.addRead(await open.pyramid!.read(place, bytes, rect.width * POINT_BYTES));
    const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    grids.push({ octave: stored.octave, rect, values });
  }
  return grids;
}
