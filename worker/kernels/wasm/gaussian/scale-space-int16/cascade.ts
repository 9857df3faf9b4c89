import { evenReach, grow, intersect, type Rect } from '../../../../../tiling/geometry/rect.js';
import type { WasmArena } from '../../memory/arena.js';
import { reachOf, SCALE_LEVELS, type Spread } from './levels.js';
import { hull } from './places.js';
import { pointOf, reserveValues, type SamplePlane, type ValueModule, valueRowBytes } from './planes.js';

/** What levels of 16 bits are made with. */
export interface CascadeModules {
  readonly arena: WasmArena;
  readonly values: ValueModule;
}

/** Levels of an octave, made row by row as far as they are asked for. */
export interface Cascade {
  /** Makes all rows above `y` of all levels, in grid points, and what the levels that follow from them read below. */
  readonly reach: (y: number) => void;
  /** A level from row `y` on, where its rows are all kept. */
  readonly planeOf: (level: number, y: number) => SamplePlane;
  /** Rows of a level around those that were just reached, `first` the first point. */
  readonly windowsOf: (level: number, first: Point) => RingWindows;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Rows in a ring, seen from a point. */
export interface RingWindows {
  readonly address: number;
  readonly rows: number;
  readonly strideBytes: number;
  /** Which row of the ring it lies in, and at which byte of it. */
  readonly top: number;
  readonly leftBytes: number;
}

/** One level on its way. */
interface Stage {
  readonly rect: Rect;
  /** So many rows above and below those that are asked for are read, by windows or by the levels that follow from it. */
  readonly margin: number;
  /** Its rows are kept in turn. */
  readonly ring: SamplePlane;
  /** Writes so many next rows. */
  readonly write: (rows: number) => void;
  made: number;
}

interface CascadeInput {
  readonly octave: number;
  readonly source: SamplePlane;
  /** What is asked for of levels, by index, in grid points; windows over them reach `margin` points around it. */
  readonly needed: ReadonlyMap<number, { readonly rect: Rect; readonly margin: number }>;
  /** Rows are asked for in blocks of so many, from the top; those of earlier blocks are given up. All at once: 0. */
  readonly blockRows: number;
}

/** The levels that are needed and those that they are spread from, each as far as it, or one of those, is asked for. */
export function cascade(modules: CascadeModules, { octave, source, needed, blockRows }: CascadeInput): Cascade {
  const levels = SCALE_LEVELS[octave]!;
  const places = new Map(
    [...needed].map(([index, { rect, margin }]) => [index, { rect: grow(rect, evenReach(margin)), margin }]),
  );
  for (let index = Math.max(...places.keys()); index > 0; index--) {
    const place = places.get(index);
    if (!place) continue;
    const { from, ...spread } = levels[index]!.spread!;
    const reach = reachOf(spread);
    const rect = grow(place.rect, evenReach(reach));
    const known = places.get(from) ?? { rect, margin: 0 };
    places.set(from, { rect: hull(known.rect, rect), margin: Math.max(known.margin, place.margin + reach) });
  }
  const stages = new Map<number, Stage>();
  for (const [index, { rect, margin }] of [...places].sort(([a], [b]) => a - b)) {
    const level = levels[index]!;
    const rows = blockRows === 0 ? rect.height : blockRows + 2 * margin;
    const ring = reserveValues(modules.arena, { ...rect, y: 0, height: rows }, source.channels);
    const stage = { rect, margin, ring, made: 0 };
    const write = level.spread
      ? spread(modules, stages.get(level.spread.from)!, stage, level.spread)
      : copy(modules, source, stage);
    stages.set(index, Object.assign(stage, { write }));
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
    return { ...stage.ring, rect: { ...stage.rect, y }, address: rowOf(stage, y - stage.rect.y) };
  };
  const windowsOf = (level: number, { x, y }: Point) => {
    const stage = stages.get(level)!;
    const { address, rect, strideBytes, channels } = stage.ring;
    const leftBytes = (x - stage.rect.x) * channels * 2;
    return { address, rows: rect.height, strideBytes, top: slotOf(stage, y - stage.rect.y), leftBytes };
  };
  return { reach, planeOf, windowsOf };
}

type Unwritten = Omit<Stage, 'write'>;

/** Which row of its ring a row of a level is. */
function slotOf({ ring }: Unwritten, row: number): number {
  return row % ring.rect.height;
}

function rowOf(stage: Unwritten, row: number): number {
  return stage.ring.address + slotOf(stage, row) * stage.ring.strideBytes;
}

/** The rows of a grid itself as values; points that it lacks are 0. */
function copy({ arena, values }: CascadeModules, source: SamplePlane, stage: Unwritten): (rows: number) => void {
  const { rect } = stage;
  const { channels } = source;
  const memory = new Uint8Array(arena.memory.buffer);
  const inside = intersect(rect, source.rect);
  const left = (inside.x - rect.x) * channels * 2;
  const count = inside.width * channels;
  const bytes = rect.width * channels * 2;
  return (rows) => {
    for (let row = stage.made; row < stage.made + rows; row++) {
      const into = rowOf(stage, row);
      const y = rect.y + row;
      if (y < inside.y || y >= inside.y + inside.height) {
        memory.fill(0, into, into + bytes);
        continue;
      }
      const from = pointOf(source, { x: inside.x, y });
      if (source.sampleBytes === 1) values.widenRow(from, into + left, count);
      else memory.copyWithin(into + left, from, from + count * 2);
      if (left > 0) memory.fill(0, into, into + left);
      if (left + count * 2 < bytes) memory.fill(0, into + left + count * 2, into + bytes);
    }
  };
}

/** The rows of a level from those of the one that it follows from. */
function spread(
  { arena, values }: CascadeModules,
  before: Stage,
  stage: Unwritten,
  { share, distance }: Spread,
): (rows: number) => void {
  const { rect, ring } = stage;
  const reach = reachOf({ share, distance });
  const line = arena.alloc(valueRowBytes(rect.width + 2 * reach, ring.channels));
  // Where the first neighbours of its first sample lie in the other level.
  const left = rect.x - reach - before.rect.x;
  const top = rect.y - reach - before.rect.y;
  const address = before.ring.address + left * ring.channels * 2;
  const from = [address, before.ring.rect.height, before.ring.strideBytes] as const;
  const into = [ring.address, ring.rect.height, ring.strideBytes] as const;
  const shape = [line, rect.width * ring.channels, distance * ring.channels * 2, distance, share] as const;
  return (rows) => {
    values.spreadRows(...from, slotOf(before, stage.made + top), ...into, slotOf(stage, stage.made), ...shape, rows);
  };
}
