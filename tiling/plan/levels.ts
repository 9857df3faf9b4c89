import { cellCount, type Grid, gridOf } from '../geometry/grid.js';
import type { Size } from '../geometry/rect.js';
import type { LevelPlan, Plan, StagePlan } from './plan.js';

/** The size of the next level: half, rounded up, so that no edge pixel is lost. */
export function halved({ width, height }: Size): Size {
  return { width: Math.ceil(width / 2), height: Math.ceil(height / 2) };
}

/** Level 0 and, where `overviews`, halvings of it until one fits into a single block. */
export function planLevels(image: Size, block: number, overviews: boolean): LevelPlan[] {
  const levels: LevelPlan[] = [];
  for (let size = image; ; size = halved(size)) {
    const { across, down } = gridOf(size, { width: block, height: block });
    levels.push({ width: size.width, height: size.height, across, down });
    if (!overviews || (across === 1 && down === 1)) return levels;
  }
}

/**
 * All levels that are stored, numbered as {@link StoredBlock}s are: those of the image, then, where there is a mask,
 * those of the mask.
 */
export function storedLevels({ levels, mask }: Pick<Plan, 'levels' | 'mask'>): readonly LevelPlan[] {
  return mask === undefined ? levels : [...levels, ...levels];
}

/** The number among the stored levels of the mask that belongs to a level. */
export function maskLevel({ levels }: Pick<Plan, 'levels'>, level: number): number {
  return levels.length + level;
}

/** How many halvings of a tile still consist of whole blocks. */
export function levelsInsideTile(tileSide: number, block: number): number {
  let inside = 0;
  for (let side = tileSide; side % (2 * block) === 0; side /= 2) inside++;
  return inside;
}

/**
 * The stages of a job: the filter, which also writes the levels that lie whole inside its tiles, then as
 * many overview stages as the rest of the pyramid needs, each reading what the one before stored.
 */
export function planStages(
  levels: readonly LevelPlan[],
  { tileSide, tileWidth }: Pick<StagePlan, 'tileSide' | 'tileWidth'>,
  block: number,
  bandTiles: number,
): StagePlan[] {
  const last = levels.length - 1;
  const inside = levelsInsideTile(tileSide, block);
  const tile = { tileSide, ...(tileWidth !== undefined && { tileWidth }) };
  const stages = [stage('filter', levels, { base: 0, from: 0, to: Math.min(inside, last) }, tile, bandTiles)];
  const overviewTile = overviewTileSide(tileSide, block);
  const step = levelsInsideTile(overviewTile, block);
  for (let base = Math.min(inside, last); base < last; base = Math.min(base + step, last)) {
    const span = { base, from: base + 1, to: Math.min(base + step, last) };
    stages.push(stage('overview', levels, span, { tileSide: overviewTile }, Number.MAX_SAFE_INTEGER));
  }
  return stages;
}

/** Side of an overview stage's tiles: large enough to write two levels, so that few stages follow each other. */
export function overviewTileSide(tileSide: number, block: number): number {
  return block * 2 ** Math.max(2, levelsInsideTile(tileSide, block));
}

/** The tiles of a stage. */
export function stageGrid({
  size,
  tileSide,
  tileWidth = tileSide,
}: Pick<StagePlan, 'size' | 'tileSide' | 'tileWidth'>): Grid {
  return gridOf(size, { width: tileWidth, height: tileSide });
}

/** The stage of a plan that runs its chain and writes level 0. */
export function filterStage({ stages }: { readonly stages: readonly StagePlan[] }): StagePlan {
  return stages.find(({ kind }) => kind === 'filter')!;
}

/** Number of tiles of all stages. */
export function tileCount(stages: readonly StagePlan[]): number {
  return stages.reduce((sum, { across, down }) => sum + across * down, 0);
}

function stage(
  kind: StagePlan['kind'],
  levels: readonly LevelPlan[],
  span: { base: number; from: number; to: number },
  tile: Pick<StagePlan, 'tileSide' | 'tileWidth'>,
  bandTiles: number,
): StagePlan {
  const { width, height } = levels[span.base]!;
  const grid = stageGrid({ size: { width, height }, ...tile });
  return {
    kind,
    size: { width, height },
    base: span.base,
    levels: Array.from({ length: span.to - span.from + 1 }, (_, i) => span.from + i),
    ...tile,
    across: grid.across,
    down: grid.down,
    bandTiles: Math.min(bandTiles, cellCount(grid)),
  };
}
