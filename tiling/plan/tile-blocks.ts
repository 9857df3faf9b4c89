import { cellRect, cellsTouching, gridOf } from '../geometry/grid.js';
import type { Rect } from '../geometry/rect.js';
import { maskLevel, stageGrid } from './levels.js';
import type { Plan } from './plan.js';

/** A block of the output by its stored level and its place among that level's blocks. */
export interface BlockName {
  readonly level: number;
  readonly index: number;
}

/** What of a plan decides where a tile's blocks lie. */
type BlockPlan = Pick<Plan, 'stages' | 'levels' | 'block' | 'mask'>;

/** Whether blocks are exactly those of a tile of the plan. */
export function areBlocksOf(
  plan: BlockPlan,
  {
    stage,
    tileIndex,
    blocks,
  }: { readonly stage: number; readonly tileIndex: number; readonly blocks: readonly BlockName[] },
): boolean {
  const planned = plan.stages[stage];
  if (planned === undefined || tileIndex >= planned.across * planned.down) return false;
  const expected = tileBlocks(plan, { stage, tileIndex });
  if (blocks.length !== expected.length) return false;
  // Whoever writes them does it in this order.
  if (expected.every(({ level, index }, i) => blocks[i]!.level === level && blocks[i]!.index === index)) return true;
  const names = new Set(expected.map(({ level, index }) => `${level}/${index}`));
  return blocks.every(({ level, index }) => names.delete(`${level}/${index}`));
}

/** Exactly the blocks that a tile stores, those of the mask behind those of its level. */
export function tileBlocks(
  plan: BlockPlan,
  { stage: stageIndex, tileIndex }: { readonly stage: number; readonly tileIndex: number },
): BlockName[] {
  const stage = plan.stages[stageIndex]!;
  if (stage.kind === 'reduce') return [];
  const rect = cellRect(stageGrid(stage), tileIndex);
  return stage.levels.flatMap((level) => {
    const grid = gridOf(plan.levels[level]!, { width: plan.block, height: plan.block });
    const indices = [...cellsTouching(grid, reduced(rect, 2 ** (level - stage.base)))];
    const stored = plan.mask === undefined ? [level] : [level, maskLevel(plan, level)];
    return stored.flatMap((as) => indices.map((index) => ({ level: as, index })));
  });
}

/** Halving again and again, rounding up, is division by the power. */
function reduced({ x, y, width, height }: Rect, by: number): Rect {
  return { x: x / by, y: y / by, width: Math.ceil(width / by), height: Math.ceil(height / by) };
}
