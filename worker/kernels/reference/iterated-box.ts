import { intersect, type Rect, rectOf } from '../../../tiling/geometry/rect.js';
import type { Border } from '../../../tiling/operations/descriptor.js';
import { boxesFor, iteration } from '../../../tiling/operations/iterated-box.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';
import { borderIndex } from './samples/border-index.js';
import { fillSamples, invalidSamplesOf, sampleIndex } from './samples/pixels.js';

/**
 * `rounds` times img = (1 − w)·img + w·box(img) with the k×k mean and w = n/rounds per pixel,
 * n = 2σ²/((k²−1)/6), in float64. The image is extended anew in every round, as OpenCV's `blur` does it, so it
 * is taken from the input's part inside the image; the map covers the same pixels. Nodata, masks and alpha: sums of
 * weighted samples and of weights diffuse alike and are divided at the end; a pixel that no weight reached keeps its own.
 */
export const iteratedBox: Kernel = (input, output, operation, context) => {
  const { k, rounds } = iteration(operation);
  const region = intersect(input.rect, rectOf(context.image));
  const share = shareOf(region, operation.params.sigma as number | undefined, context, { k, rounds });
  const planes = Array.from({ length: input.channels }, (_, c) => {
    const { sums, weights } = weightedPlane(input, region, c, context);
    const extension = { border: operation.border, constant: operation.constantValue, image: context.image };
    for (let round = 0; round < rounds; round++) {
      blend(sums, region, k, share, extension);
      blend(weights, region, k, share, { ...extension, constant: 1 });
    }
    return { sums, weights };
  });
  fillSamples(input, output, context, (x, y, c, sample) => {
    const at = (y - region.y) * region.width + (x - region.x);
    const { sums, weights } = planes[c]!;
    return weights[at] === 0 ? sample : sums[at]! / weights[at]!;
  });
};

interface Extension {
  readonly border: Border;
  readonly constant: number;
  readonly image: KernelContext['image'];
}

function shareOf(
  region: Rect,
  sigma: number | undefined,
  context: KernelContext,
  { k, rounds }: { k: number; rounds: number },
): Float64Array {
  const { map } = context;
  return Float64Array.from({ length: region.width * region.height }, (_, at) => {
    if (rounds === 0) return 0;
    if (map === undefined) return boxesFor(sigma ?? 0, k) / rounds;
    const x = region.x + (at % region.width) - map.rect.x;
    const y = region.y + Math.floor(at / region.width) - map.rect.y;
    return boxesFor(map.values[y * map.rect.width + x]!, k) / rounds;
  });
}

function weightedPlane(input: TileRaster, region: Rect, channel: number, context: KernelContext) {
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = context.alpha === 'unassociated' && channel < input.channels - 1 ? input.channels - 1 : -1;
  const weights = new Float64Array(region.width * region.height);
  const sums = weights.map((_, at) => {
    const pixel = sampleIndex(input, region.x + (at % region.width), region.y + Math.floor(at / region.width));
    if (isInvalid(pixel, channel)) return 0;
    const sample = input.samples[pixel + channel]!;
    if (alpha < 0) weights[at] = 1;
    else weights[at] = isInvalid(pixel, alpha) ? 0 : input.samples[pixel + alpha]!;
    // An infinity propagates as NaN does.
    return weights[at] === 0 ? 0 : Number.isFinite(sample) ? sample * weights[at]! : Number.NaN;
  });
  return { sums, weights };
}

/** One round in place: plane = (1 − share)·plane + share·mean, the mean by rows, then by columns. */
function blend(plane: Float64Array, region: Rect, k: number, share: Float64Array, extension: Extension): void {
  const { width, height } = region;
  const columns = windowIndices(region.x, width, extension.image.width, k, extension.border);
  const rows = windowIndices(region.y, height, extension.image.height, k, extension.border);
  const across = new Float64Array(plane.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      across[y * width + x] = meanAt(columns[x]!, extension.constant, (u) => plane[y * width + u]!);
    }
  }
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const mean = meanAt(rows[y]!, extension.constant, (v) => across[v * width + x]!);
      const at = y * width + x;
      plane[at] = plane[at]! + share[at]! * (mean - plane[at]!);
    }
  }
}

function meanAt(indices: readonly number[], constant: number, read: (index: number) => number): number {
  let sum = 0;
  for (const index of indices) sum += index < 0 ? constant : read(index);
  return sum / indices.length;
}

/**
 * For each position of a region [from, from + length) the region indices of its k neighbours along one axis;
 * −1 for the constant, none where `clip` cuts. At a side of the region that is not the image's own, neighbours
 * are missing: what that changes lies in the halo.
 */
function windowIndices(from: number, length: number, image: number, k: number, border: Border): number[][] {
  const half = (k - 1) / 2;
  return Array.from({ length }, (_, position) => {
    const indices: number[] = [];
    for (let offset = -half; offset <= half; offset++) {
      const at = borderIndex(from + position + offset, image, border);
      if (at === undefined) continue;
      if (at === -1) indices.push(-1);
      else if (at >= from && at < from + length) indices.push(at - from);
    }
    return indices;
  });
}
