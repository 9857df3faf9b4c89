import { intersect, type Rect } from '../../../../../tiling/geometry/rect.js';
import { LANE_BYTES } from '../../../../../tiling/operations/scratch.js';
import { type LanePlane, planeRow, type ScaleSpaceModules } from './planes.js';

/** Separable sums of `grid` around the points of `rect`; points that the grid lacks count 0. */
export function blurPlane(modules: ScaleSpaceModules, grid: LanePlane, rect: Rect, weights: Float64Array): LanePlane {
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
  // Where the grid has the whole window and a vector behind it, its rows are read in place.
  const inPlace = held.width === window.width && held.x + held.width + 4 <= grid.rect.x + grid.rect.width;
  const load = (y: number) => {
    const from = planeRow(grid, y - grid.rect.y) + (held.x - grid.rect.x) * LANE_BYTES;
    if (inPlace) return from + radius * LANE_BYTES;
    line.set(new Float32Array(buffer, from, held.width * 4), (held.x - window.x) * 4);
    return padded + radius * LANE_BYTES;
  };
  for (let row = 0; row < rect.height; row++) {
    const y = rect.y + row;
    for (; next <= y + radius && next < held.y + held.height; next++) {
      const into = ring + ringRow * ((next - window.y) % (2 * radius + 1));
      rows.along(load(next), into, lanes, 4, taps, radius);
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
