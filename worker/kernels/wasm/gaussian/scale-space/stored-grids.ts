import type { KernelContext, TileGrid, TileRaster } from '../../../kernel.js';
import type { DecimateOptions, PixelKernels } from '../../../pixel-kernels.js';
import type { WasmArena } from '../../memory/arena.js';
import { rowModule } from '../../samples/float-rows.js';
import { hasInvalid } from '../../samples/invalid-samples.js';
import {
  decimate,
  type LanePlane,
  planeRow,
  reservePlane,
  type ScaleSpaceModules,
  scaleSpaceModule,
} from './planes.js';
import { blurSources, planeRows } from './sources.js';

/** What of a point of a stored grid: its sums, or the weights of these. */
export type GridPart = 'sums' | 'weights';

const LANES = 4;

/** One part of stored grids as planes, by octave. */
export function storedPlanes(
  arena: WasmArena,
  grids: readonly TileGrid[] | undefined,
  part: GridPart,
): ReadonlyMap<number, LanePlane> {
  const offset = part === 'sums' ? 0 : LANES;
  const planes = (grids ?? []).map(({ octave, rect, values }): [number, LanePlane] => {
    const plane = reservePlane(arena, rect);
    const points = rect.width * rect.height;
    const lanes = new Float32Array(arena.memory.buffer, plane.address, points * LANES);
    for (let point = 0; point < points; point++) {
      for (let lane = 0; lane < LANES; lane++) lanes[point * LANES + lane] = values[point * 2 * LANES + offset + lane]!;
    }
    return [octave, plane];
  });
  return new Map(planes);
}

/** Points of a decimated grid in WebAssembly. */
export function wasmDecimate(arena: WasmArena): PixelKernels['decimate'] {
  let modules: ScaleSpaceModules | undefined;
  return (input, context, options, into) => {
    // Few jobs need it, and a module takes a thread's time when it starts.
    modules ??= { arena, rows: rowModule(arena), scaleSpace: scaleSpaceModule(arena) };
    decimateInto(modules, input, context, { ...options, into });
  };
}

function decimateInto(
  modules: ScaleSpaceModules,
  input: TileRaster,
  context: KernelContext,
  { octave, rect, into }: DecimateOptions & { readonly into: Float32Array },
): void {
  const { arena, scaleSpace } = modules;
  const mark = arena.mark();
  const weighted = context.alpha === 'unassociated' || hasInvalid(input, context);
  const sources = blurSources(modules, input, context, { weighted, divided: true, full: false });
  for (const [part, source] of sources.entries()) {
    const own = arena.mark();
    let grid = source.halved();
    for (let reached = 1; reached < octave; reached++) grid = decimate(arena, scaleSpace, planeRows(grid));
    for (let row = 0; row < rect.height; row++) {
      const from = planeRow(grid, rect.y + row - grid.rect.y) + (rect.x - grid.rect.x) * LANES * 4;
      const lanes = new Float32Array(arena.memory.buffer, from, rect.width * LANES);
      for (let i = 0; i < lanes.length; i++) {
        const point = row * rect.width + Math.floor(i / LANES);
        into[point * 2 * LANES + part * LANES + (i % LANES)] = lanes[i]!;
      }
    }
    arena.release(own);
  }
  arena.release(mark);
}
