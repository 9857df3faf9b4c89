import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import { rungWeights } from '../../../../../tiling/operations/sigma-ladder.js';
import type { TileMap } from '../../../kernel.js';
import { blurPlane } from './ladder-blur.js';
import { type Places, rungsOf } from './ladder-places.js';
import { type LadderModules, type LanePlane, planeRow } from './ladder-planes.js';

/**
 * Adds the pixels that the full grid serves to `sums`, which is zeroed: those of small sigma directly, others from
 * the rungs on the full grid, one after another in blocks that need few of them.
 */
export function addFinePixels(
  modules: LadderModules,
  grid: LanePlane,
  sums: LanePlane,
  map: TileMap,
  places: Places,
): void {
  const { arena, ladder } = modules;
  const { rect } = sums;
  if (places.direct) {
    const x = rect.x - grid.rect.x;
    for (let row = 0; row < rect.height; row++) {
      const y = rect.y - grid.rect.y + row;
      const sigmas = map.values.byteOffset + row * rect.width * 4;
      const { width, height } = grid.rect;
      ladder.gatherDirect(grid.address, width, height, x, y, sigmas, planeRow(sums, row), rect.width);
    }
  }
  for (const { rect: block, intervals } of places.blocks) {
    for (const rung of rungsOf(intervals, 0)) {
      const mark = arena.mark();
      const blurred = blurPlane(modules, grid, block, rungWeights(rung, 0));
      for (let row = 0; row < block.height; row++) {
        const at = (block.y - rect.y + row) * rect.width + block.x - rect.x;
        const from = planeRow(blurred, row);
        const into = sums.address + at * LANE_BYTES;
        ladder.gatherFull(from, places.intervals + at, places.shares + at * 4, rung, into, block.width);
      }
      arena.release(mark);
    }
  }
}
