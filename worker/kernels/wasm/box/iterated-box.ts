import { intersect, rectOf } from '../../../../tiling/geometry/rect.js';
import type { Operation } from '../../../../tiling/operations/index.js';
import { boxesFor, iteration } from '../../../../tiling/operations/iterated-box.js';
import type { Kernel, KernelContext } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';
import { rowModule } from '../samples/float-rows.js';
import { hasInvalid, keepInvalid } from '../samples/invalid-samples.js';
import { keepUnweighted } from '../samples/keep-unweighted.js';
import {
  addressAt,
  allocatePlane,
  loadPlane,
  type Plane,
  planeModule,
  planeRow,
  storePlane,
  weighPlane,
} from '../samples/planes.js';
import { DiffusionRounds } from './diffusion-rounds.js';

/**
 * Iterated box mean in float32, one channel after the other. A round computes only what later rounds still
 * reach, and no row's ends whose share is 0. Rounding errors are averaged like the samples: below 2.5·10⁻⁷ of
 * the largest sample a round, and in practice their sum grows with the root of the rounds.
 */
export function wasmIteratedBox(arena: WasmArena): Kernel {
  const rows = rowModule(arena);
  const planes = planeModule(arena);
  return (input, output, operation, context) => {
    const mark = arena.mark();
    const region = intersect(input.rect, rectOf(context.image));
    const shares = allocatePlane(arena, region);
    fillShares(arena, shares, operation, context);
    const extension = { border: operation.border, constant: operation.constantValue, image: context.image };
    const settings = { ...iteration(operation), shares, output: output.rect };
    const diffusion = new DiffusionRounds(arena, { rows, planes }, settings);
    const pair = (): [Plane, Plane] => [allocatePlane(arena, region), allocatePlane(arena, region)];
    const sums = pair();
    const weights = context.alpha === 'unassociated' || hasInvalid(input, context) ? pair() : undefined;
    for (let c = 0; c < input.channels; c++) {
      if (weights) weighPlane(arena, input, c, context, { sums: sums[0], weights: weights[0] });
      else loadPlane(planes, arena, input, c, sums[0]);
      const result = diffusion.run(sums, extension);
      const divisors = weights && diffusion.run(weights, { ...extension, constant: 1 });
      const { x, y, width, height } = output.rect;
      if (divisors) {
        for (let row = y; row < y + height; row++) {
          rows.divide(addressAt(result, x, row), addressAt(divisors, x, row), width);
        }
      }
      storePlane(planes, arena, result, output, c);
      if (divisors && context.alpha === 'unassociated') {
        for (let row = 0; row < height; row++) {
          const part = planeRow(arena, divisors, y + row).subarray(x - divisors.rect.x);
          keepUnweighted(input, output, row, { weights: part, lanes: 1, least: 0, channel: c });
        }
      }
    }
    arena.release(mark);
    keepInvalid(input, output, context);
  };
}

/** The share w = n/rounds that a round blends in, at each pixel. */
function fillShares(arena: WasmArena, shares: Plane, operation: Operation, { map }: KernelContext): void {
  const { k, rounds } = iteration(operation);
  const { x, y, width, height } = shares.rect;
  const fixed = boxesFor((operation.params.sigma as number | undefined) ?? 0, k) / rounds;
  const factor = boxesFor(1, k) / rounds;
  for (let row = y; row < y + height; row++) {
    const into = planeRow(arena, shares, row);
    if (map === undefined) {
      into.fill(fixed);
      continue;
    }
    let at = (row - map.rect.y) * map.rect.width + x - map.rect.x;
    for (let i = 0; i < width; i++, at++) {
      const sigma = map.values[at]!;
      into[i] = factor * sigma * sigma;
    }
  }
}
