import type { Rect } from '../../../../../tiling/geometry/rect.js';
import { halvedRect } from '../../../../../tiling/operations/pyramid.js';
import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import type { WasmArena } from '../../memory/arena.js';
import { instantiate } from '../../memory/instance.js';
import type { RowModule } from '../../samples/float-rows.js';

const EXPORTS = [
  'expand8',
  'expand16',
  'expand32',
  'halveRow',
  'halveColumn',
  'blendRows',
  'gatherFull',
  'gatherCoarse',
  'gatherDirect',
  'placeRow',
  'foldUint8',
  'halveFolded',
  'storeThree',
  'divideLanes',
  'packLanes',
] as const;

/** The functions of `assembly/scale space.ts`. */
export type ScaleSpaceModule = ReturnType<typeof scaleSpaceModule>;

/** The scale space functions over an arena. */
export function scaleSpaceModule(arena: WasmArena) {
  return instantiate(arena, 'gaussian/scale-space', EXPORTS);
}

/** What the scale space runs on. */
export interface ScaleSpaceModules {
  readonly arena: WasmArena;
  readonly rows: RowModule;
  readonly scaleSpace: ScaleSpaceModule;
}

/** Pixels of four float32 lanes on a grid; `rect` is in grid points, point i standing at pixel i·2^octave. */
export interface LanePlane {
  readonly rect: Rect;
  readonly address: number;
}

/** Address of a row of a plane, counted from its own top. */
export function planeRow(plane: LanePlane, row: number): number {
  return plane.address + row * plane.rect.width * LANE_BYTES;
}

/** A new plane whose every pixel will be written; what it holds is left over from earlier use. */
export function reservePlane(arena: WasmArena, rect: Rect): LanePlane {
  return { rect, address: arena.alloc(rect.width * rect.height * LANE_BYTES) };
}

/** A new zeroed plane. */
export function allocatePlane(arena: WasmArena, rect: Rect): LanePlane {
  const plane = reservePlane(arena, rect);
  new Uint8Array(arena.memory.buffer, plane.address, rect.width * rect.height * LANE_BYTES).fill(0);
  return plane;
}

/** A grid of which each row is at hand when it is asked for, in ascending order. */
export interface LaneRows {
  readonly rect: Rect;
  /** Address of a row counted from the top; holds until the next call. */
  readonly rowAt: (row: number) => number;
}

/**
 * The next coarser grid: each point is the (1 4 6 4 1)/16 mean around it in both directions, pixels that the finer
 * one lacks counting 0.
 */
export function decimate(arena: WasmArena, module: ScaleSpaceModule, { rect, rowAt }: LaneRows): LanePlane {
  const { x, y, width, height } = halvedRect(rect);
  const coarser = reservePlane(arena, { x, y, width, height });
  const mark = arena.mark();
  const ring = allocatePlane(arena, { x, y: 0, width, height: 9 });
  const zero = planeRow(ring, 8);
  let done = 0;
  const narrowed = (row: number) => {
    if (row < 0 || row >= rect.height) return zero;
    for (; done <= row; done++) {
      module.halveRow(rowAt(done), planeRow(ring, done % 8), 2 * x - rect.x, rect.width, width);
    }
    return planeRow(ring, row % 8);
  };
  for (let j = 0; j < height; j++) {
    const centre = 2 * (y + j) - rect.y;
    // Highest first: it fills the ring up to itself.
    const e = narrowed(centre + 2);
    const [a, b, c, d] = [narrowed(centre - 2), narrowed(centre - 1), narrowed(centre), narrowed(centre + 1)];
    module.halveColumn(a, b, c, d, e, planeRow(coarser, j), width);
  }
  arena.release(mark);
  return coarser;
}
