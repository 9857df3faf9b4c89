import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Size } from '../../tiling/geometry/rect.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { BORDERS } from '../../tiling/operations/index.js';
import type { DType } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';
import { writeTiff } from '../support/tiff-file.js';
import { imageOf, noise } from './box-tiles.js';

/** A link of a chain: an operation as a job names it. */
export interface Link {
  readonly name: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly byMap?: boolean;
  /** Its frames are images, which must have the size of its own input. */
  readonly frames?: boolean;
  readonly downscales?: boolean;
  /** Where a tile begins shows in its last digits, within its bound: scale spaces and sums that slide. */
  readonly shifts?: boolean;
  /** Its result has no nodata. */
  readonly endsNodata?: boolean;
}

const module = fileURLToPath(new URL('../../examples/kernels/max-row.wasm', import.meta.url));

/** The links that chains are drawn from: every coupling, every way to use a map, a reduction and more images. */
export const LINKS: readonly Link[] = [
  { name: 'box', params: { radius: 3 } },
  { name: 'box', byMap: true },
  { name: 'gaussian', params: { sigma: 1.3 } },
  { name: 'gaussian', byMap: true, shifts: true },
  { name: 'iterated-box', byMap: true },
  { name: 'max', params: { footprint: 'disk:2' } },
  { name: 'median' },
  { name: 'percentile', params: { footprint: 'rect:4x3', percentile: 30 } },
  { name: 'close', params: { footprint: 'rect:4x3' } },
  { name: 'top-hat', params: { footprint: 'disk:2' } },
  { name: 'mean', params: { footprint: 'disk:2' } },
  { name: 'std', params: { window: 5 }, shifts: true },
  { name: 'variance', params: { footprint: 'disk:2', dtype: 'float32' }, shifts: true },
  { name: 'nlm', params: { patch: 3, window: 5 } },
  { name: 'gamma', params: { gamma: 0.7 } },
  { name: 'flat-field', params: { flat: 200, dark: 3 } },
  { name: 'flat-field', frames: true },
  { name: 'threshold', params: { method: 'otsu' } },
  { name: 'threshold', params: { method: 'sauvola', window: 7 } },
  { name: 'row-ema', params: { alpha: 0.3 } },
  { name: 'distance', params: { dtype: 'uint16', scale: 9 }, endsNodata: true },
  { name: 'distance', params: { from: 'black', cap: 40 }, endsNodata: true },
  { name: 'downscale', params: { factor: 2 }, downscales: true },
  { name: 'downscale', params: { size: '70x61', method: 'nearest' }, downscales: true },
  { name: 'custom', params: { module, footprint: 'disk:1' } },
];

const AXES = {
  first: LINKS,
  second: LINKS,
  third: LINKS,
  dtype: ['uint8', 'uint16', 'float32'] satisfies DType[],
  border: [undefined, ...BORDERS],
  tile: [32, 64, 128],
  channels: [1, 3, 4],
  samples: ['plain', 'nodata', 'alpha'],
} as const;

/** A chain, its image and how it is cut. */
export type ChainCase = { readonly [A in keyof typeof AXES]: (typeof AXES)[A][number] };

/** `count` chains, each the one of thirty draws that brings most pairs of values not met before. */
export function drawChains(count: number, seed: number): ChainCase[] {
  const random = noise(seed);
  const axes = Object.entries(AXES);
  const met = new Set<string>();
  const pairsOf = (picks: readonly number[]) =>
    picks.flatMap((a, i) => picks.slice(i + 1).map((b, k) => `${i}:${a} ${i + 1 + k}:${b}`));
  return Array.from({ length: count }, () => {
    const drawn: number[][] = [];
    while (drawn.length < 30) {
      const picks = axes.map(([, values]) => random(values.length));
      if (isPossible(picks.slice(0, 3).map((pick) => LINKS[pick]!))) drawn.push(picks);
    }
    const gain = (picks: readonly number[]) => pairsOf(picks).filter((pair) => !met.has(pair)).length;
    const best = drawn.reduce((a, b) => (gain(b) > gain(a) ? b : a));
    for (const pair of pairsOf(best)) met.add(pair);
    return Object.fromEntries(axes.map(([axis, values], i) => [axis, values[best[i]!]])) as unknown as ChainCase;
  });
}

/**
 * Operations by map see the map's own pixels, so none follows a change of size; behind what shifts by a digit a
 * threshold could only be compared loosely.
 */
function isPossible(links: readonly Link[]): boolean {
  const shifted = links.findIndex(({ shifts }) => shifts === true);
  if (shifted >= 0 && links.slice(shifted).some(({ name }) => name === 'threshold')) return false;
  const changed = links.findIndex(({ downscales }) => downscales === true);
  return changed < 0 || links.slice(changed).every(({ byMap }) => byMap !== true);
}

const RANGE = { uint8: 255, uint16: 65535, uint32: 4294967295, float32: 4 };
/** The nodata value of images that have one. */
export const NODATA = { uint8: 85, uint16: 21845, float32: -3 };

/** The test image of a case. */
export function chainImage(size: Size, { dtype, channels, samples }: ChainCase, seed: number): TileRaster {
  const random = noise(seed);
  return imageOf(size, { dtype, channels }, (x, y) => {
    if (samples === 'nodata' && random(12) === 0) return NODATA[dtype];
    const smooth = 0.5 + 0.35 * Math.sin(x / 9) * Math.cos(y / 7);
    const value = RANGE[dtype] * (0.8 * smooth + 0.2 * (random(1000) / 1000));
    return dtype === 'float32' ? value : Math.floor(value);
  });
}

/** A map of radii and sigmas from 0 to 2. */
export function chainMap(size: Size): TileRaster {
  return imageOf(size, { dtype: 'float32', channels: 1 }, (x, y) => 1 + Math.sin(x / 20) * Math.cos(y / 15));
}

/** The operations of a chain as a job writes them; frames are written into `folder` where they are missing. */
export function operationsOf(
  links: readonly Link[],
  image: TileRaster,
  border: ChainCase['border'],
  folder: string,
): JobSpecInput['operations'] {
  let { width, height } = image.rect;
  return links.map(({ name, params = {}, frames, downscales }) => {
    const given = frames ? frameParams({ width, height }, image, folder) : params;
    if (downscales && params.size === undefined) {
      width = Math.ceil(width / 2);
      height = Math.ceil(height / 2);
    } else if (downscales) {
      width = Math.min(width, 70);
      height = Math.min(height, 61);
    }
    return { name, params: { ...given }, ...(border && { border }), constant: 2 };
  });
}

function frameParams(size: Size, { dtype, channels }: TileRaster, folder: string): { flat: string; dark: string } {
  const range = RANGE[dtype];
  const name = `${dtype}-${channels}-${size.width}x${size.height}.tif`;
  const [flat, dark] = [join(folder, `flat-${name}`), join(folder, `dark-${name}`)];
  if (!existsSync(flat)) {
    const round = dtype === 'float32' ? (value: number) => value : Math.floor;
    writeTiff(
      flat,
      imageOf(size, { dtype, channels }, (x) => round(range * (0.9 - x / 1000))),
    );
    writeTiff(
      dark,
      imageOf(size, { dtype, channels: 1 }, (_, y) => round((range * y) / 2000)),
    );
  }
  return { flat, dark };
}
