import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import { boxScratchBytes } from './box-layout.js';
import { cornerScratchBytes, cornersOf, takesCorners } from './corners.js';
import type { Operation, OperationDescriptor } from './descriptor.js';

/** The largest radius of a box window in pixels; radii travel as uint16. */
export const MAX_RADIUS = 65535;

/**
 * Mean over the square window [x−r, x+r]×[y−r, y+r]. The radius r is the parameter `radius`, or the map's
 * value' rounded half up where the operation runs by map.
 */
export const box: OperationDescriptor = {
  name: 'box',
  meaning: 'value',
  summary: 'mean over a square window, its radius fixed or given per pixel by the map',
  coupling: 'window',
  params: z.strictObject({ radius: z.coerce.number().int().min(0).max(MAX_RADIUS).optional() }),
  mapMeaning: 'radius',
  pace: () => 'quick',
  defaultBorder: (byMap) => (byMap ? 'clip' : 'reflect'),
  numeric: (input) => (input === 'float32' ? 'bounded' : 'exact'),
  reach: (operation, mapMax) => {
    const radius = radiusOf(operation, mapMax);
    return evenReach(takesCorners(operation, radius) ? 0 : radius);
  },
  scratchBytes: (operation, shape, mapMax) => {
    const maxRadius = radiusOf(operation, mapMax);
    if (takesCorners(operation, maxRadius)) return cornerScratchBytes(cornersOf(operation)!, shape);
    return boxScratchBytes({ ...shape, maxRadius, isFixed: !operation.byMap });
  },
};

/** The radius of a window, or the largest of those by map. */
export function radiusOf(operation: Operation, mapMax: number): number {
  // A bound that no pixel was read for need not be an integer, as radii are.
  return operation.byMap ? Math.floor(mapMax + 0.5) : (operation.params.radius as number);
}
