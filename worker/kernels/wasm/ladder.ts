import { intersect, type Rect } from '../../../tiling/geometry/rect.js';
import { LANE_BYTES } from '../../../tiling/operations/scratch.js';
import {
  DIRECT_BELOW,
  ladderPosition,
  ladderReach,
  type Rung,
  rungAt,
  splineWeights,
} from '../../../tiling/operations/sigma-ladder.js';
import type { KernelContext, TileMap, TileRaster } from '../kernel.js';
import type { WasmArena } from './arena.js';
import { storeRow } from './float-rows.js';
import { hasNodata, keepNodata } from './keep-nodata.js';
import { allocatePlane, decimate, type LadderModules, type LanePlane, planeRow } from './ladder-planes.js';
import { isAllFinite, sourcePlanes } from './ladder-sources.js';
import { spoilWindows } from './spoil-windows.js';

/** Stands for pixels whose sigma is taken directly: no rung is near. */
const OFF_LADDER = -8;

/** Bits of {@link DIRECT_BELOW} as float32. */
const ONE_BITS = new Uint32Array(new Float32Array([DIRECT_BELOW]).buffer)[0]!;
const LOG_TABLE = Float64Array.from({ length: 4097 }, (_, i) => Math.log2(1 + i / 4096));

/** Where each pixel of the output stands on the ladder, and the rungs that this needs. */
interface Places {
  readonly positions: Float32Array;
  readonly rungs: readonly Rung[];
  readonly direct: boolean;
}

/**
 * Gaussian by map of up to 4 channels: the tile is blurred at the rungs of a ladder of sigmas that its map needs,
 * coarser ones on decimated grids anchored at the image's origin, and each pixel interpolates between four rungs,
 * cubic in log sigma. Weights (what lies in the image and is no nodata, alpha) pass through the same linear
 * steps and divide the sums; a tile without any is spared them.
 */
export function ladderGaussian(
  modules: LadderModules,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  context: KernelContext,
): void {
  const { arena, ladder, rows } = modules;
  const { input, output } = tile;
  const map = context.map!;
  const mark = arena.mark();
  const finite = isAllFinite(input);
  const weighted = context.alpha === 'unassociated' || hasNodata(input, context) || !finite;
  const divided = weighted || isCut(input.rect, output.rect, ladderReach(map.max));
  const places = placesOf(arena, map);
  const planes = sourcePlanes(modules, input, context, { weighted, divided });
  const sums = runLadder(modules, planes, output.rect, map, places);
  const { width } = output.rect;
  const packed = arena.alloc((width * output.channels + 64) * 4);
  for (let y = 0; y < output.rect.height; y++) {
    const row = planeRow(sums[0]!, y);
    if (sums[1]) ladder.divideLanes(row, planeRow(sums[1], y), width);
    ladder.packLanes(row, packed, width, output.channels);
    storeRow(rows, arena, output, y, packed);
  }
  arena.release(mark);
  if (!finite) spoilWindows(input, output, context);
  keepNodata(input, output, context);
}

/** Whether the input lacks a part of the halo: then the image ends there. */
function isCut(input: Rect, output: Rect, reach: number): boolean {
  return (
    output.x - input.x < reach ||
    output.y - input.y < reach ||
    input.x + input.width - output.x - output.width < reach ||
    input.y + input.height - output.y - output.height < reach
  );
}

/**
 * Positions by a table of logarithms: linear between 4096 mantissas, within 10^−7 of a rung of
 * `ladderPosition`, which is far below what interpolation can see.
 */
function placesOf(arena: WasmArena, map: TileMap): Places {
  const count = map.values.length;
  const positions = new Float32Array(arena.memory.buffer, arena.alloc(count * 4), count);
  const bits = new Uint32Array(map.values.buffer, map.values.byteOffset, count);
  const octave = ladderPosition(2) - ladderPosition(1);
  const needed = new Uint8Array(ladderPosition(2 ** 32));
  let direct = false;
  for (let i = 0; i < count; i++) {
    const bit = bits[i]!;
    // Sigmas are not negative, so the order of floats is that of their bits.
    if (bit < ONE_BITS) {
      positions[i] = OFF_LADDER;
      direct = true;
      continue;
    }
    const entry = (bit >>> 11) & 4095;
    const low = LOG_TABLE[entry]!;
    const share = (bit & 2047) / 2048;
    const position = 2 + octave * ((bit >>> 23) - 127 + low + (LOG_TABLE[entry + 1]! - low) * share);
    positions[i] = position;
    needed[Math.floor(positions[i]!)] = 1;
  }
  const indices = new Set<number>();
  // Floor −2 to floor + 1: the four rungs of which a position takes its shares.
  needed.forEach((taken, floor) => {
    if (taken) for (let k = -2; k <= 1; k++) indices.add(floor + k);
  });
  const rungs = [...indices].sort((a, b) => a - b).map(rungAt);
  return { positions, rungs, direct };
}

/** The interpolated sums of each source plane over the output's pixels, before any division. */
function runLadder(
  modules: LadderModules,
  sources: readonly LanePlane[],
  output: Rect,
  map: TileMap,
  places: Places,
): LanePlane[] {
  const { arena, ladder } = modules;
  return sources.map((source) => {
    const sums = allocatePlane(arena, output);
    if (places.direct) {
      const x = output.x - source.rect.x;
      for (let row = 0; row < output.height; row++) {
        const y = output.y - source.rect.y + row;
        const sigmas = map.values.byteOffset + row * output.width * 4;
        const { width, height } = source.rect;
        ladder.gatherDirect(source.address, width, height, x, y, sigmas, planeRow(sums, row), output.width);
      }
    }
    const mark = arena.mark();
    let grid = source;
    let level = 0;
    for (const rung of places.rungs) {
      for (; level < rung.level; level++) grid = decimate(arena, ladder, grid);
      addRung(modules, grid, rung, sums, places.positions);
    }
    arena.release(mark);
    return sums;
  });
}

/** Blurs one grid at a rung's sigma where the output needs it, and adds each pixel's share. */
function addRung(modules: LadderModules, grid: LanePlane, rung: Rung, sums: LanePlane, positions: Float32Array): void {
  const { arena, ladder } = modules;
  const { rect } = sums;
  const { level } = rung;
  const mark = arena.mark();
  const blurred = blurPlane(modules, grid, level === 0 ? rect : gridRect(rect, level), rung.weights);
  const positionRow = (row: number) => positions.byteOffset + row * rect.width * 4;
  if (level === 0) {
    for (let row = 0; row < rect.height; row++) {
      ladder.gatherFull(planeRow(blurred, row), positionRow(row), rung.index, planeRow(sums, row), rect.width);
    }
    arena.release(mark);
    return;
  }
  const step = 2 ** level;
  const splines = new Float32Array(arena.memory.buffer, arena.alloc(step * 16), step * 4);
  for (let phase = 0; phase < step; phase++) splines.set(splineWeights(phase, level), phase * 4);
  const line = arena.alloc((blurred.rect.width + 4) * LANE_BYTES);
  // The row's second grid point is the last at or left of the first pixel.
  const offset = rect.x - (blurred.rect.x + 1) * step;
  for (let row = 0; row < rect.height; row++) {
    const y = rect.y + row;
    const above = Math.floor(y / step) - 1 - blurred.rect.y;
    const weights = splines.byteOffset + (y - Math.floor(y / step) * step) * 16;
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => planeRow(blurred, above + k));
    ladder.blendRows(a!, b!, c!, d!, weights, line, blurred.rect.width);
    const into = planeRow(sums, row);
    const at = positionRow(row);
    ladder.gatherCoarse(line, at, rung.index, into, rect.width, offset, level, splines.byteOffset);
  }
  arena.release(mark);
}

/** The grid points whose splines reach a rect of pixels: one before it, two behind its last. */
function gridRect(rect: Rect, level: number): Rect {
  const step = 2 ** level;
  const x = Math.floor(rect.x / step) - 1;
  const y = Math.floor(rect.y / step) - 1;
  return {
    x,
    y,
    width: Math.floor((rect.x + rect.width - 1) / step) + 3 - x,
    height: Math.floor((rect.y + rect.height - 1) / step) + 3 - y,
  };
}

/** Separable sums of `grid` around the points of `rect`; points that the grid lacks count 0. */
function blurPlane(modules: LadderModules, grid: LanePlane, rect: Rect, weights: Float64Array): LanePlane {
  const { arena, rows } = modules;
  const { buffer } = arena.memory;
  const radius = weights.length - 1;
  const lanes = rect.width * 4;
  // Rows are filtered in groups of four points: a blurred row may spill three points into the next.
  const blurred = { rect, address: arena.alloc((rect.width * rect.height + 8) * LANE_BYTES) };
  const mark = arena.mark();
  const taps = arena.alloc(weights.length * 4);
  new Float32Array(buffer, taps, weights.length).set(weights);
  const window = {
    x: rect.x - radius,
    y: rect.y - radius,
    width: rect.width + 2 * radius,
    height: rect.height + 2 * radius,
  };
  const held = intersect(window, grid.rect);
  const padded = arena.alloc((window.width + 8) * LANE_BYTES);
  const line = new Float32Array(buffer, padded, (window.width + 8) * 4).fill(0);
  const ringRow = (rect.width + 8) * LANE_BYTES;
  const ring = arena.alloc(ringRow * (2 * radius + 2));
  const zero = ring + ringRow * (2 * radius + 1);
  new Uint8Array(buffer, zero, ringRow).fill(0);
  const addresses = new Uint32Array(buffer, arena.alloc((2 * radius + 1) * 4), 2 * radius + 1);
  let next = held.y;
  for (let row = 0; row < rect.height; row++) {
    const y = rect.y + row;
    for (; next <= y + radius && next < held.y + held.height; next++) {
      const from = planeRow(grid, next - grid.rect.y) + (held.x - grid.rect.x) * LANE_BYTES;
      line.set(new Float32Array(buffer, from, held.width * 4), (held.x - window.x) * 4);
      const into = ring + ringRow * ((next - window.y) % (2 * radius + 1));
      rows.along(padded + radius * LANE_BYTES, into, lanes, 4, taps, radius);
    }
    for (let k = -radius; k <= radius; k++) {
      const inside = y + k >= held.y && y + k < held.y + held.height;
      addresses[k + radius] = inside ? ring + ringRow * ((y + k - window.y) % (2 * radius + 1)) : zero;
    }
    rows.across(addresses.byteOffset, planeRow(blurred, row), lanes, taps, radius);
  }
  arena.release(mark);
  return blurred;
}
