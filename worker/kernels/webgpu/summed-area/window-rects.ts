import { neighbourhoodOf } from '../../../../tiling/operations/moments.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { footprintRects } from './footprint-rects.js';

/** A footprint of more rectangles is summed faster by the processor. */
export const MAX_RECTS = 1024;

/** Rectangles of the windows of a box or of a mean under a footprint; none where a map gives their radii. */
export function rectsOf({ operation, mapMax }: DeviceStep): Int32Array<ArrayBuffer> {
  if (mapMax !== undefined) return new Int32Array(0);
  if (operation.name !== 'box') return footprintRects(neighbourhoodOf(operation));
  const radius = operation.params.radius as number;
  return Int32Array.of(-radius, -radius, radius + 1, radius + 1);
}
