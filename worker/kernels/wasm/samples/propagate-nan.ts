import { MAP_TRUNCATE } from '../../../../tiling/operations/gaussian.js';
import { gaussianRadius } from '../../../../tiling/operations/gaussian-weights.js';
import type { KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf } from '../../reference/samples/pixels.js';

/**
 * Sets NaN wherever the window of 4 sigma around a pixel touches a valid sample that is not finite:
 * their counts per channel in a summed-area table answer for each window.
 */
export function propagateNaN(input: TileRaster, output: TileRaster, context: KernelContext): void {
  const { rect, channels } = output;
  const map = context.map!;
  for (let c = 0; c < channels; c++) {
    const countIn = badCounter(input, context, c);
    for (let y = 0; y < rect.height; y++) {
      for (let x = 0; x < rect.width; x++) {
        const radius = gaussianRadius(map.values[y * rect.width + x]!, MAP_TRUNCATE);
        const centre = { x: rect.x + x - input.rect.x, y: rect.y + y - input.rect.y };
        if (countIn(centre, radius) > 0) output.samples[y * output.stride + x * channels + c] = Number.NaN;
      }
    }
  }
}

function badCounter(input: TileRaster, context: KernelContext, channel: number) {
  const { width, height } = input.rect;
  const { samples, stride, channels } = input;
  const isInvalid = invalidSamplesOf(input, context);
  const alpha = context.alpha === 'unassociated' && channel < channels - 1 ? channels - 1 : -1;
  const across = width + 1;
  const table = new Uint32Array(across * (height + 1));
  const isBad = (pixel: number) => {
    const sample = samples[pixel + channel]!;
    if (isInvalid(pixel, channel)) return false;
    if (alpha < 0) return !Number.isFinite(sample);
    const opacity = samples[pixel + alpha]!;
    // Colour without weight takes part in nothing.
    if (opacity === 0 || isInvalid(pixel, alpha)) return false;
    return !Number.isFinite(opacity) || !Number.isFinite(sample);
  };
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      if (isBad(y * stride + x * channels)) row++;
      table[(y + 1) * across + x + 1] = table[y * across + x + 1]! + row;
    }
  }
  return (centre: { x: number; y: number }, radius: number): number => {
    const left = Math.max(0, centre.x - radius);
    const right = Math.min(width, centre.x + radius + 1);
    const top = Math.max(0, centre.y - radius) * across;
    const bottom = Math.min(height, centre.y + radius + 1) * across;
    return table[bottom + right]! - table[bottom + left]! - table[top + right]! + table[top + left]!;
  };
}
