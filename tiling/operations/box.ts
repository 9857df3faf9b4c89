import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import { boxScratchBytes } from './box-layout.js';
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
  defaultBorder: (byMap) => (byMap ? 'clip' : 'reflect'),
  numeric: (input) => (input === 'float32' ? 'bounded' : 'exact'),
  reach: (operation, mapMax) => evenReach(radiusOf(operation, mapMax)),
  scratchBytes: (operation, shape, mapMax) => boxScratchBytes({ ...shape, maxRadius: radiusOf(operation, mapMax) }),
};

function radiusOf(operation: Operation, mapMax: number): number {
  // A bound that no pixel was read for need not be an integer, as radii are.
  return operation.byMap ? Math.floor(mapMax + 0.5) : (operation.params.radius as number);
}
