import { z } from 'zod';
import { evenReach } from '../geometry/rect.js';
import type { JobFacts, Operation, OperationDescriptor } from './descriptor.js';
import { MAX_SIGMA } from './gaussian.js';
import { diffusionScratchBytes } from './scratch.js';

const params = z
  .strictObject({
    sigma: z.coerce.number().min(0).max(MAX_SIGMA).optional(),
    k: z.coerce.number().int().min(3).max(4095).default(3),
    rounds: z.coerce.number().int().min(0).optional(),
  })
  .refine(({ k }) => k % 2 === 1, { error: 'k must be odd' });

/** Rounds over a small image that take no more time than its job does besides. */
const QUICK_ROUNDS = 16;

/** How many box means of side k have the variance of a Gaussian: n = 2σ² / ((k² − 1) / 6). */
export function boxesFor(sigma: number, k: number): number {
  return (2 * sigma * sigma) / ((k * k - 1) / 6);
}

/** Rounds of blending for a map whose largest sigma is given: 3·⌈n⌉. */
export function roundsFor(sigmaMax: number, k: number): number {
  return Math.ceil(boxesFor(sigmaMax, k)) * 3;
}

/** Side of the box and number of rounds of a prepared operation. */
export function iteration(operation: Operation): { readonly k: number; readonly rounds: number } {
  return operation.params as { k: number; rounds: number };
}

function reachPx(k: number, rounds: number): number {
  return rounds * ((k - 1) / 2);
}

/** The rounds follow from the whole image's largest sigma, so that all tiles blend alike. */
function prepare(operation: Operation, job: JobFacts): Operation {
  const { k, sigma, rounds } = operation.params as { k: number; sigma?: number; rounds?: number };
  const sigmaMax = operation.byMap ? job.mapMax : (sigma ?? 0);
  return { ...operation, params: { ...operation.params, rounds: rounds ?? roundsFor(sigmaMax, k) } };
}

/** The smallest box side whose halo fits a tile; 3·⌈n⌉·⌊k/2⌋ falls with k until one n is left. */
function fitting(operation: Operation, mapMax: number, tileSide: number): string | undefined {
  const sigmaMax = operation.byMap ? mapMax : ((operation.params.sigma as number | undefined) ?? 0);
  const { k, rounds } = iteration(operation);
  // Rounds that were given do not follow from k.
  if (rounds !== roundsFor(sigmaMax, k)) return `rounds=${Math.floor(tileSide / ((k - 1) / 2))}`;
  for (let side = 3; side < 4096; side += 2) {
    if (reachPx(side, roundsFor(sigmaMax, side)) <= tileSide) return `k=${side}`;
  }
  return undefined;
}

/** Many small box means blended per pixel, so that their number, not their size, follows the map. */
export const iteratedBox: OperationDescriptor = {
  name: 'iterated-box',
  meaning: 'value',
  summary: 'Gaussian by map approximated by blended rounds of a small box mean',
  coupling: 'window',
  params,
  mapMeaning: 'sigma',
  defaultBorder: () => 'mirror',
  numeric: () => 'bounded',
  reach: (operation) => evenReach(reachPx(iteration(operation).k, iteration(operation).rounds)),
  mapReach: (operation) => evenReach(reachPx(iteration(operation).k, iteration(operation).rounds)),
  scratchBytes: (operation, shape) => diffusionScratchBytes(shape, iteration(operation).k),
  pace: (operation) => {
    const { rounds } = iteration(operation);
    // They are not known before it is prepared.
    if (rounds === undefined) return undefined;
    return rounds > QUICK_ROUNDS ? 'slow' : 'quick';
  },
  prepare,
  fitting,
};
