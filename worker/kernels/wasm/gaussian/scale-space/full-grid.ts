import { levelWeights } from '../../../../../tiling/operations/scale-space.js';
import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import type { TileMap } from '../../../kernel.js';
import { blurPlane } from './blur-plane.js';
import { levelsOf, type Places } from './places.js';
import { type LanePlane, planeRow, type ScaleSpaceModules } from './planes.js';

/**
 * Adds the pixels that the full grid serves to `sums`, which is zeroed: those of small sigma directly, others from
 * the levels on the full grid, one after another in blocks that need few of them.
 */
export function addFinePixels(
  modules: ScaleSpaceModules,
  grid: LanePlane,
  sums: LanePlane,
  map: TileMap,
  places: Places,
): void {
  const { arena, scaleSpace } = modules;
  const { rect } = sums;
  if (places.direct) {
    const x = rect.x - grid.rect.x;
    for (let row = 0; row < rect.height; row++) {
      const y = rect.y - grid.rect.y + row;
      const sigmas = map.values.byteOffset + row * rect.width * 4;
      const { width, height } = grid.rect;
      scaleSpace.gatherDirect(grid.address, width, height, x, y, sigmas, planeRow(sums, row), rect.width);
    }
  }
  for (const { rect: block, intervals } of places.blocks) {
    for (const level of levelsOf(intervals, 0)) {
      const mark = arena.mark();
      const blurred = blurPlane(modules, grid, block, levelWeights(level, 0));
      for (let row = 0; row < block.height; row++) {
        const at = (block.y - rect.y + row) * rect.width + block.x - rect.x;
        const from = planeRow(blurred, row);
        const into = sums.address + at * LANE_BYTES;
        scaleSpace.gatherFull(from, places.intervals + at, places.shares + at * 4, level, into, block.width);
      }
      arena.release(mark);
    }
  }
}
