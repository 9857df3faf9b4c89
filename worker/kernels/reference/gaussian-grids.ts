import { contains, type Rect } from '../../../tiling/geometry/rect.js';
import { halvedRect, splineRect } from '../../../tiling/operations/pyramid.js';
import {
  intervalOf,
  intervalShare,
  levelWeights,
  octaveOf,
  splineWeights,
} from '../../../tiling/operations/scale-space.js';
import type { KernelContext, TileGrid, TileRaster } from '../kernel.js';
import type { PixelKernels } from '../pixel-kernels.js';
import { invalidSamplesOf, sampleIndex } from './samples/pixels.js';

/** Values of a point: four sums, then their weights. */
const VALUES = 8;
const LANES = VALUES / 2;

/** (1 4 6 4 1)/16 in both directions, as many times as the octave says, over weighted samples and their weights. */
export const decimate: PixelKernels['decimate'] = (input, context, { octave, rect }, into) => {
  let grid = weighedGrid(input, context);
  for (let reached = 0; reached < octave; reached++) grid = halved(grid);
  for (let y = 0, at = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++, at += VALUES) {
      for (let value = 0; value < VALUES; value++) into[at + value] = valueAt(grid, rect.x + x, rect.y + y, value);
    }
  }
};

type Grid = Pick<TileGrid, 'rect' | 'values'>;

/** A value of a point; 0 beyond the grid. */
function valueAt({ rect, values }: Grid, x: number, y: number, value: number): number {
  if (!contains(rect, { x, y, width: 1, height: 1 })) return 0;
  return values[((y - rect.y) * rect.width + x - rect.x) * VALUES + value]!;
}

function weighedGrid(input: TileRaster, context: KernelContext): Grid {
  const { rect, channels } = input;
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = context.alpha === 'unassociated' && channels > 1 ? channels - 1 : undefined;
  const values = new Float32Array(rect.width * rect.height * VALUES);
  for (let y = 0, at = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++, at += VALUES) {
      const pixel = sampleIndex(input, rect.x + x, rect.y + y);
      for (let c = 0; c < channels; c++) {
        if (isInvalid(pixel, c)) continue;
        let weight = 1;
        if (alpha !== undefined && c !== alpha) weight = isInvalid(pixel, alpha) ? 0 : input.samples[pixel + alpha]!;
        values[at + c] = input.samples[pixel + c]! * weight;
        values[at + LANES + c] = weight;
      }
    }
  }
  return { rect, values };
}

function halved(grid: Grid): Grid {
  const rect = halvedRect(grid.rect);
  const values = new Float32Array(rect.width * rect.height * VALUES);
  const taps = [1, 4, 6, 4, 1];
  for (let y = 0, at = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++, at += VALUES) {
      const [u, v] = [2 * (rect.x + x), 2 * (rect.y + y)];
      for (let value = 0; value < VALUES; value++) {
        let sum = 0;
        for (let j = -2; j <= 2; j++) {
          for (let i = -2; i <= 2; i++) sum += taps[i + 2]! * taps[j + 2]! * valueAt(grid, u + i, v + j, value);
        }
        values[at + value] = sum / 256;
      }
    }
  }
  return { rect, values };
}

/** A sample, and where it is. */
interface GridPixel {
  readonly x: number;
  readonly y: number;
  readonly c: number;
  readonly own: number;
}

/**
 * The mean around a pixel of a sigma whose octave is stored: between two levels on its grid, each blurred by the weights
 * of the level and interpolated between the points by B-splines; `own`, the pixel's sample, where no weight is left;
 * undefined for octaves that are not stored.
 */
export function gridMean(context: KernelContext, { x, y, c, own }: GridPixel, sigma: number) {
  const interval = intervalOf(sigma);
  const octave = octaveOf(interval);
  const grid = context.grids?.find((stored) => stored.octave === octave);
  if (grid === undefined || interval < 0) return undefined;
  const share = intervalShare(sigma);
  const at = { x, y, octave };
  const blended = (value: number) =>
    (1 - share) * levelAt(grid, interval, at, value) + share * levelAt(grid, interval + 1, at, value);
  const weight = blended(LANES + c);
  return weight < 1e-9 ? own : blended(c) / weight;
}

function levelAt(grid: Grid, level: number, { x, y, octave }: { x: number; y: number; octave: number }, value: number) {
  const taps = levelWeights(level, octave);
  const points: Rect = splineRect({ x, y, width: 1, height: 1 }, octave);
  const step = 2 ** octave;
  const across = splineWeights(x - Math.floor(x / step) * step, octave);
  const down = splineWeights(y - Math.floor(y / step) * step, octave);
  let sum = 0;
  for (let j = 0; j < 4; j++) {
    for (let i = 0; i < 4; i++) sum += across[i]! * down[j]! * blurredAt(grid, taps, points.x + i, points.y + j, value);
  }
  return sum;
}

function blurredAt(grid: Grid, taps: Float64Array, x: number, y: number, value: number): number {
  const radius = taps.length - 1;
  let sum = 0;
  for (let j = -radius; j <= radius; j++) {
    for (let i = -radius; i <= radius; i++) {
      sum += taps[Math.abs(i)]! * taps[Math.abs(j)]! * valueAt(grid, x + i, y + j, value);
    }
  }
  return sum;
}
