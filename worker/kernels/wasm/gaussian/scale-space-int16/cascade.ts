import type { Rect } from '../../../../../tiling/geometry/rect.js';
import type { WasmArena } from '../../memory/arena.js';
import type { FixedModule } from '../separable/separable-fixed.js';
import { blurredRows } from './blurred-rows.js';
import { levelPairs, SCALE_LEVELS, type ScaleLevel } from './levels.js';
import { reserveValues, type SamplePlane, type ValueModule, valueRowBytes } from './planes.js';

/** What levels of 16 bits are made with. */
export interface CascadeModules {
  readonly arena: WasmArena;
  readonly values: ValueModule;
  readonly fixed: FixedModule;
}

/** Levels of an octave, made row by row as far as they are asked for. */
export interface Cascade {
  /** Makes all rows above `y` of all levels, in grid points. */
  readonly reach: (y: number) => void;
  /** The points asked for of a level from row `y` on: those of one block of rows, which were just reached. */
  readonly planeOf: (level: number, y: number) => SamplePlane;
}

/** One level on its way. */
interface Stage {
  /** Grown by what the levels above read around: `margin` points. */
  readonly rect: Rect;
  readonly margin: number;
  /** Its rows are kept in turn: the one that is `margin` below the top comes first. */
  readonly ring: SamplePlane;
  /** Writes so many next rows. */
  readonly write: (rows: number) => void;
  made: number;
}

interface CascadeInput {
  readonly octave: number;
  readonly source: SamplePlane;
  /** What is asked for, in grid points. */
  readonly rect: Rect;
  /** Indices of levels that follow from one another. */
  readonly needed: ReadonlySet<number>;
  /** Rows are asked for in blocks of so many, from the top; those of earlier blocks are given up. All at once: 0. */
  readonly blockRows: number;
}

/** Blurs in cascade from the lowest needed level to the highest: each is spread from the one before where both are made. */
export function cascade(modules: CascadeModules, input: CascadeInput): Cascade {
  const stages = new Map<number, Stage>();
  const lowest = Math.min(...input.needed);
  const highest = Math.max(...input.needed);
  for (let index = lowest; index <= highest; index++) {
    const level = SCALE_LEVELS[input.octave]![index]!;
    const above = SCALE_LEVELS[input.octave]!.slice(index + 1, highest + 1);
    const margin = above.reduce((sum, { spread }) => sum + spread!.distance, 0);
    stages.set(index, stageOf(modules, input, { level, margin, before: stages.get(index - 1) }));
  }
  const reach = (y: number) => {
    for (const stage of stages.values()) {
      const until = Math.min(y + stage.margin, stage.rect.y + stage.rect.height) - stage.rect.y;
      if (until <= stage.made) continue;
      stage.write(until - stage.made);
      stage.made = until;
    }
  };
  const planeOf = (level: number, y: number) => {
    const stage = stages.get(level)!;
    const { channels, strideBytes } = stage.ring;
    const address = rowOf(stage, y - stage.rect.y) + stage.margin * channels * 2;
    return { rect: { ...input.rect, y }, address, strideBytes, channels, sampleBytes: 2 as const };
  };
  return { reach, planeOf };
}

/** Which row of its ring a row of a level is. */
function slotOf({ ring, margin }: Omit<Stage, 'write'>, row: number): number {
  return (row - margin + ring.rect.height) % ring.rect.height;
}

function rowOf(stage: Omit<Stage, 'write'>, row: number): number {
  return stage.ring.address + slotOf(stage, row) * stage.ring.strideBytes;
}

function stageOf(
  modules: CascadeModules,
  { octave, source, rect, blockRows }: CascadeInput,
  {
    level,
    margin,
    before,
  }: { readonly level: ScaleLevel; readonly margin: number; readonly before?: Stage | undefined },
): Stage {
  const { arena } = modules;
  const grown = {
    x: rect.x - margin,
    y: rect.y - margin,
    width: rect.width + 2 * margin,
    height: rect.height + 2 * margin,
  };
  const rows = blockRows === 0 ? grown.height : Math.ceil((blockRows + 2 * margin) / blockRows) * blockRows;
  const ring = reserveValues(arena, { ...grown, y: 0, height: rows }, source.channels);
  const stage = { rect: grown, margin, ring, made: 0 };
  if (before) return Object.assign(stage, { write: spread(modules, before, stage, level) });
  const next = blurredRows(modules, source, grown, levelPairs(level, octave));
  const write = (count: number) => {
    const end = stage.made + count;
    for (let row = stage.made; row < end; ) {
      row += next(rowOf(stage, row), row + 1 < end ? rowOf(stage, row + 1) : undefined);
    }
  };
  return Object.assign(stage, { write });
}

/** The rows of a level from those of the one before. */
function spread(
  { arena, values }: CascadeModules,
  before: Stage,
  stage: Omit<Stage, 'write'>,
  level: ScaleLevel,
): (rows: number) => void {
  const { rect, ring } = stage;
  const { share, distance } = level.spread!;
  const line = arena.alloc(valueRowBytes(rect.width + 2 * distance, ring.channels));
  const from = [before.ring.address, before.ring.rect.height, before.ring.strideBytes] as const;
  const into = [ring.address, ring.rect.height, ring.strideBytes] as const;
  const shape = [line, rect.width * ring.channels, distance * ring.channels * 2, distance, share] as const;
  return (rows) => {
    values.spreadRows(...from, slotOf(before, stage.made), ...into, slotOf(stage, stage.made), ...shape, rows);
  };
}
