/// <reference types="@webgpu/types" />
import { area, type Rect } from '../../../../tiling/geometry/rect.js';
import { octaveOf, scaleSpaceReach } from '../../../../tiling/operations/scale-space.js';
import type { DeviceRun } from '../device/device-run.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { type Uniforms, uniformsOf } from '../device/uniforms.js';
import { halvedRect, levelsFor, pointsAround, rowsFor, type ScaleLevel, type Span } from './octaves.js';
import { intervalOf } from './scale-intervals.js';
import { scaleShares } from './scale-shares.js';

/** A plane of float32 samples on a grid. */
interface Plane {
  readonly rect: Rect;
  readonly buffer: GPUBuffer;
}

/** What divides the sums of windows that the image cuts. */
export interface CutShares {
  readonly lowest: number;
  readonly table: GPUBuffer;
  /** Where in the table the shares down begin. */
  readonly down: number;
}

interface ScaleSpaceBuffers {
  /** The window's samples. */
  readonly plane: GPUBuffer;
  readonly sigmas: GPUBuffer;
  /** The output's samples. */
  readonly sums: GPUBuffer;
}

/** Where the weights of a filter stand among all levels', and how far it reaches. */
interface Taps {
  readonly taps: number;
  readonly radius: number;
}

/** A level of which pixels take a share. */
interface GatheredLevel extends Taps {
  readonly above: number;
  readonly below: number;
  readonly octave: number;
}

interface GridFilter extends Taps {
  readonly channels: number;
}

const NO_TAPS: Taps = { taps: 0, radius: 0 };

const GRIDS = ['samples/samples', 'gaussian/octaves'];
const GATHER = ['samples/samples', 'gaussian/scale-places', 'gaussian/gaussian-weights', 'gaussian/scale-gather'];

/**
 * Adds the passes that fill `sums` through the scale space. One level is blurred at a time, over the pixels that take a
 * share of it and no others; levels on the full grid never lie in memory, their columns are summed where they are
 * needed.
 */
export async function encodeScaleSpace(
  run: DeviceRun,
  step: DeviceStep,
  { plane, sigmas, sums }: ScaleSpaceBuffers,
): Promise<void> {
  const { output } = step;
  const intervals = step.intervals ?? [];
  const levels = levelsFor(intervals);
  const { channels } = step.input;
  const taps = await tapsOf(run, levels);
  const gather = (entry: string, from: Plane, part: Rect, level: GatheredLevel) => {
    const params = uniformsOf('gaussian/scale-gather', {
      ...{ fromX: from.rect.x, fromY: from.rect.y, fromWidth: from.rect.width, fromHeight: from.rect.height },
      ...{ outputX: output.x, outputY: output.y, outputWidth: output.width },
      ...{ x: part.x, y: part.y, width: part.width, height: part.height, channels },
      ...level,
    });
    const bindings = { 1: from.buffer, 2: taps.buffer, 3: sums, 4: sigmas };
    const used = entry === 'addFine' ? bindings : { 1: from.buffer, 3: sums, 4: sigmas };
    return run.dispatch({ files: GATHER, entry, constants: {} }, params, used, run.linearGroups(area(part) * channels));
  };
  const full = { rect: step.window, buffer: plane };
  await gather('begin', full, output, { ...NO_TAPS, above: 0, below: 0, octave: 0 });

  const sizes = scratchSamples(step);
  const rowSums = levels.length === 0 ? undefined : await run.storage(sizes.rows * 4);
  const points = levels.some(({ octave }) => octave > 0) ? await run.storage(sizes.points * 4) : undefined;
  let grid: Plane = full;
  let reached = 0;
  for (const [index, { octave, weights, above, below, rect }] of levels.entries()) {
    for (; reached < octave; reached++) grid = await decimated(run, grid, channels);
    const radius = weights.length - 1;
    const filter = { taps: taps.starts[index]!, radius };
    const wanted = octave === 0 ? rect : pointsAround(rect, octave);
    const rows = { rect: rowsFor(wanted, radius, grid.rect), buffer: rowSums! };
    await blur(run, 'alongRows', grid, rows, taps.buffer, { channels, ...filter });
    if (octave === 0) await gather('addFine', rows, rect, { ...filter, above, below, octave });
    else {
      const blurred = { rect: wanted, buffer: points! };
      await blur(run, 'downColumns', rows, blurred, taps.buffer, { channels, ...filter });
      await gather('addCoarse', blurred, rect, { ...filter, above, below, octave });
    }
  }
}

/** Samples of the buffers that levels pass through, whichever they are, and of all coarser grids. */
export function scratchSamples({ window, output, mapMax, input }: DeviceStep) {
  const top = octaveOf(Math.max(0, intervalOf(mapMax!)));
  let rows = output.width * window.height;
  let grids = 0;
  let points = 0;
  let grid = window;
  for (let octave = 1; octave <= top; octave++) {
    grid = halvedRect(grid);
    grids += area(grid);
    const wanted = pointsAround(output, octave);
    rows = Math.max(rows, wanted.width * grid.height);
    points = Math.max(points, area(wanted));
  }
  const { channels } = input;
  return { rows: rows * channels, points: points * channels, grids: grids * channels };
}

/** The weights of all levels one after the other, and where each one's begin. */
async function tapsOf(run: DeviceRun, levels: readonly ScaleLevel[]) {
  const all = Float32Array.from([1, ...levels.flatMap(({ weights }) => [...weights])]);
  let next = 1;
  const starts = levels.map(({ weights }) => {
    next += weights.length;
    return next - weights.length;
  });
  return { starts, buffer: await run.constantData(new Uint32Array(all.buffer)) };
}

async function decimated(run: DeviceRun, finer: Plane, channels: number): Promise<Plane> {
  const rect = halvedRect(finer.rect);
  const samples = area(rect) * channels;
  const buffer = await run.storage(samples * 4);
  const params = gridUniforms(finer.rect, rect, { channels, ...NO_TAPS });
  const program = { files: GRIDS, entry: 'decimate', constants: {} };
  await run.dispatch(program, params, { 1: finer.buffer, 3: buffer }, run.linearGroups(samples));
  return { rect, buffer };
}

function blur(
  run: DeviceRun,
  entry: 'alongRows' | 'downColumns',
  from: Plane,
  into: Plane,
  taps: GPUBuffer,
  filter: GridFilter,
): Promise<void> {
  const params = gridUniforms(from.rect, into.rect, filter);
  const bindings = { 1: from.buffer, 2: taps, 3: into.buffer };
  const groups = run.linearGroups(area(into.rect) * filter.channels);
  return run.dispatch({ files: GRIDS, entry, constants: {} }, params, bindings, groups);
}

/** What the sums of plain samples remain to be divided by; undefined where no window is cut. */
export async function cutShares(run: DeviceRun, step: DeviceStep): Promise<CutShares | undefined> {
  const { window, output, intervals = [] } = step;
  if (intervals.length === 0) return undefined;
  const reach = scaleSpaceReach(step.mapMax!);
  const columns = { held: { first: window.x, count: window.width }, asked: { first: output.x, count: output.width } };
  const rows = { held: { first: window.y, count: window.height }, asked: { first: output.y, count: output.height } };
  if (!isCut(columns, reach) && !isCut(rows, reach)) return undefined;
  const lowest = intervals[0]!.interval;
  const lines = 2 * (intervals.at(-1)!.interval - lowest + 1);
  const table = new Float32Array(lines * (output.width + output.height)).fill(1);
  const down = lines * output.width;
  for (const [side, start] of [[columns, 0] as const, [rows, down] as const]) {
    if (!isCut(side, reach)) continue;
    const shares = scaleShares(side.held, side.asked, lowest, lowest + lines / 2 - 1);
    for (const [i, line] of shares.entries()) table.set(line, start + i * side.asked.count);
  }
  return { lowest, table: await run.constantData(new Uint32Array(table.buffer)), down };
}

/** Whether a window lacks a part of what the widest level reads along one side: then the image ends there. */
function isCut({ held, asked }: { readonly held: Span; readonly asked: Span }, reach: number): boolean {
  return asked.first - held.first < reach || held.first + held.count - asked.first - asked.count < reach;
}

function gridUniforms(from: Rect, to: Rect, filter: GridFilter): Uniforms {
  return uniformsOf('gaussian/octaves', {
    ...{ fromX: from.x, fromY: from.y, fromWidth: from.width, fromHeight: from.height },
    ...{ toX: to.x, toY: to.y, toWidth: to.width, toHeight: to.height },
    ...filter,
  });
}
