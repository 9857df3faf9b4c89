import { cellRect } from '../../tiling/geometry/grid.js';
import { area, intersect } from '../../tiling/geometry/rect.js';
import { bandGrid } from '../../tiling/operations/band/bands.js';
import type { Operation } from '../../tiling/operations/index.js';
import type { TileBands } from '../../tiling/plan/band-exchanges.js';
import type { ChainLink } from '../../tiling/plan/chain.js';
import { type Kernel, type KernelContext, partOf, type TileRaster } from '../kernels/kernel.js';

/** An operation over whole bands of full rows, whose output may be a part of them. */
interface BandCall {
  readonly window: TileRaster;
  readonly output: TileRaster;
  readonly link: Pick<ChainLink, 'image'> & { readonly operation: Operation };
  readonly context: KernelContext;
}

/** Runs an operation band by band, each with what it is handed. */
export function runBands(
  kernel: Kernel,
  { window, output, link: { operation, image }, context }: BandCall,
  { first, handed }: TileBands[number],
): void {
  const grid = bandGrid(operation, image);
  for (const [position, text] of handed.entries()) {
    const rect = cellRect(grid, first + position);
    const wanted = intersect(output.rect, rect);
    if (area(wanted) === 0) continue;
    kernel(partOf(window, rect), partOf(output, wanted), operation, { ...context, handed: text });
  }
}
