import type { Rect } from '../../../../../tiling/geometry/rect.js';
import type { WasmArena } from '../../memory/arena.js';
import type { FixedModule } from '../separable/separable-fixed.js';
import { blurredRows } from './byte-blur.js';
import { type ByteModule, reserveValues, type SamplePlane, valueRowBytes } from './byte-planes.js';
import { RUNGS, type Rung, rungPairs } from './byte-rungs.js';

/** What the ladder of uint8 images runs on. */
export interface ClimbModules {
  readonly arena: WasmArena;
  readonly bytes: ByteModule;
  readonly fixed: FixedModule;
}

/** Rungs of a level, made row by row as far as they are asked for. */
export interface Climb {
  /** Makes all rows above `y` of all rungs, in grid points. */
  readonly reach: (y: number) => void;
  /** The points asked for of a rung from row `y` on: those of one block of rows, which were just reached. */
  readonly planeOf: (rung: number, y: number) => SamplePlane;
}

/** One rung on its way. */
interface Stage {
  /** Grown by what the rungs above read around: `margin` points. */
  readonly rect: Rect;
  readonly margin: number;
  /** Its rows are kept in turn: the one that is `margin` below the top comes first. */
  readonly ring: SamplePlane;
  /** Writes so many next rows. */
  readonly write: (rows: number) => void;
  made: number;
}

interface Ladder {
  readonly level: number;
  readonly source: SamplePlane;
  /** What is asked for, in grid points. */
  readonly rect: Rect;
  /** Indices of rungs that follow from one another. */
  readonly needed: ReadonlySet<number>;
  /** Rows are asked for in blocks of so many, from the top; those of earlier blocks are given up. All at once: 0. */
  readonly blockRows: number;
}

/** Climbs from the lowest needed rung to the highest: each is spread from the one before where both are made. */
export function climb(modules: ClimbModules, ladder: Ladder): Climb {
  const stages = new Map<number, Stage>();
  const lowest = Math.min(...ladder.needed);
  const highest = Math.max(...ladder.needed);
  for (let index = lowest; index <= highest; index++) {
    const rung = RUNGS[ladder.level]![index]!;
    const above = RUNGS[ladder.level]!.slice(index + 1, highest + 1);
    const margin = above.reduce((sum, { spread }) => sum + spread!.distance, 0);
    stages.set(index, stageOf(modules, ladder, { rung, margin, before: stages.get(index - 1) }));
  }
  const reach = (y: number) => {
    for (const stage of stages.values()) {
      const until = Math.min(y + stage.margin, stage.rect.y + stage.rect.height) - stage.rect.y;
      if (until <= stage.made) continue;
      stage.write(until - stage.made);
      stage.made = until;
    }
  };
  const planeOf = (rung: number, y: number) => {
    const stage = stages.get(rung)!;
    const { channels, strideBytes } = stage.ring;
    const address = rowOf(stage, y - stage.rect.y) + stage.margin * channels * 2;
    return { rect: { ...ladder.rect, y }, address, strideBytes, channels, sampleBytes: 2 as const };
  };
  return { reach, planeOf };
}

/** Which row of its ring a row of a rung is. */
function slotOf({ ring, margin }: Omit<Stage, 'write'>, row: number): number {
  return (row - margin + ring.rect.height) % ring.rect.height;
}

function rowOf(stage: Omit<Stage, 'write'>, row: number): number {
  return stage.ring.address + slotOf(stage, row) * stage.ring.strideBytes;
}

function stageOf(
  modules: ClimbModules,
  { level, source, rect, blockRows }: Ladder,
  { rung, margin, before }: { readonly rung: Rung; readonly margin: number; readonly before?: Stage | undefined },
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
  if (before) return Object.assign(stage, { write: spread(modules, before, stage, rung) });
  const next = blurredRows(modules, source, grown, rungPairs(rung, level));
  const write = (count: number) => {
    const end = stage.made + count;
    for (let row = stage.made; row < end; ) {
      row += next(rowOf(stage, row), row + 1 < end ? rowOf(stage, row + 1) : undefined);
    }
  };
  return Object.assign(stage, { write });
}

/** The rows of a rung from those of the one before. */
function spread(
  { arena, bytes }: ClimbModules,
  before: Stage,
  stage: Omit<Stage, 'write'>,
  rung: Rung,
): (rows: number) => void {
  const { rect, ring } = stage;
  const { kind, distance } = rung.spread!;
  const line = arena.alloc(valueRowBytes(rect.width + 2 * distance, ring.channels));
  const from = [before.ring.address, before.ring.rect.height, before.ring.strideBytes] as const;
  const into = [ring.address, ring.rect.height, ring.strideBytes] as const;
  const shape = [line, rect.width * ring.channels, distance * ring.channels * 2, distance, kind] as const;
  return (rows) => {
    bytes.spreadRows(...from, slotOf(before, stage.made), ...into, slotOf(stage, stage.made), ...shape, rows);
  };
}
