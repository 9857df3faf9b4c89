import { evenReach, grow, intersect, type Rect } from '../../../../tiling/geometry/rect.js';
import { nlmParams } from '../../../../tiling/operations/nlm.js';
import { floatRowBytes } from '../../../../tiling/operations/scratch.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf, sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid, keepInvalid } from '../samples/invalid-samples.js';
import { addressAt, allocatePlane, loadPlane, type Plane, planeModule, storePlane } from '../samples/planes.js';

/** The smallest power of two that is no less than a count. */
const nextPowerOfTwo = (count: number) => 2 ** Math.ceil(Math.log2(count));

const EXPORTS = [
  ...(['squares', 'weighedSquares', 'along', 'weights', 'addWeighted', 'addValid', 'addWeights', 'divide'] as const),
] as const;

/** One channel: samples with the whole halo, 0 where there is none, their weights where some are not there; results. */
interface Channel {
  readonly samples: Plane;
  readonly weights?: Plane;
  readonly sums: Plane;
  readonly totals: Plane;
}

/**
 * Non-local means, one offset of the window after the other: squared differences of the tile and the tile moved by it are
 * summed along rows, then across the last rows of a patch, so that an offset costs two patch sides and not their square.
 * Nothing slides: no rounding is carried along.
 */
export function wasmNlm(arena: WasmArena): Kernel {
  const module = instantiate(arena, 'nlm/nlm', EXPORTS);
  const planes = planeModule(arena);

  return (input, output, operation, context) => {
    const mark = arena.mark();
    const { patchReach, windowReach, h, sigma } = nlmParams(operation, input.dtype);
    const window = grow(output.rect, evenReach(patchReach + windowReach));
    const isWhole =
      intersect(window, input.rect).width === window.width && intersect(window, input.rect).height === window.height;
    const weighed = !isWhole || hasInvalid(input, context);
    const channels = layOut(input, output.rect, window, { weighed, context });
    const { rect } = output;
    const side = 2 * patchReach + 1;
    const wide = rect.width + 2 * patchReach;
    const rowBytes = floatRowBytes(wide);
    const line = arena.alloc(rowBytes);
    const pairLine = arena.alloc(rowBytes);
    const rings = [0, 1].map(() => Array.from({ length: side }, () => arena.alloc(rowBytes)));
    const tables = rings.map(() => new Uint32Array(arena.memory.buffer, arena.alloc(side * 4), side));
    const weights = arena.alloc(rowBytes);
    // A pixel's own patch weighs 1, so that sums of large samples overflow unless all weights are small.
    const unit = input.dtype === 'float32' ? 1 / nextPowerOfTwo((2 * windowReach + 1) ** 2) : 1;
    const pairsInAll = side * side * channels.length;
    const left = rect.x - patchReach;

    for (let dy = -windowReach; dy <= windowReach; dy++) {
      for (let dx = -windowReach; dx <= windowReach; dx++) {
        for (let row = 0; row < rect.height + 2 * patchReach; row++) {
          addSquares(rect.y - patchReach + row, dx, dy);
          module.along(line, rings[0]![row % side]!, rect.width, side);
          if (weighed) module.along(pairLine, rings[1]![row % side]!, rect.width, side);
          if (row < side - 1) continue;
          for (const [at, table] of tables.entries()) {
            for (let k = 0; k < side; k++) table[k] = rings[at]![(row + 1 + k) % side]!;
          }
          const [sums, pairs] = tables as [Uint32Array, Uint32Array];
          const about = [pairsInAll, 2 * sigma * sigma, 1 / (h * h)] as const;
          module.weights(sums.byteOffset, weighed ? pairs.byteOffset : 0, side, weights, rect.width, ...about, unit);
          addRow(rect.y + row - 2 * patchReach, dx, dy);
        }
      }
    }
    for (const [c, { sums, totals }] of channels.entries()) {
      for (let y = rect.y; y < rect.y + rect.height; y++) {
        module.divide(addressAt(sums, rect.x, y), addressAt(totals, rect.x, y), rect.width);
      }
      storePlane(planes, arena, sums, output, c);
    }
    arena.release(mark);
    keepInvalid(input, output, context);

    /** Squared differences of a row of the tile, patches' margins with it, and the pixels that lie an offset away. */
    function addSquares(y: number, dx: number, dy: number): void {
      for (const [c, { samples, weights: own }] of channels.entries()) {
        const first = Number(c === 0);
        const [a, b] = [addressAt(samples, left, y), addressAt(samples, left + dx, y + dy)];
        if (own === undefined) module.squares(a, b, line, wide, first);
        else {
          const [weightsA, weightsB] = [addressAt(own, left, y), addressAt(own, left + dx, y + dy)];
          module.weighedSquares(a, b, weightsA, weightsB, line, pairLine, wide, first);
        }
      }
    }

    function addRow(y: number, dx: number, dy: number): void {
      for (const [c, { samples, weights: own, sums, totals }] of channels.entries()) {
        const from = addressAt(samples, rect.x + dx, y + dy);
        const [into, total] = [addressAt(sums, rect.x, y), addressAt(totals, rect.x, y)];
        if (own !== undefined) {
          module.addValid(weights, from, addressAt(own, rect.x + dx, y + dy), into, total, rect.width);
          continue;
        }
        module.addWeighted(weights, from, into, rect.width);
        if (c === 0) module.addWeights(weights, total, rect.width);
      }
    }
  };

  function layOut(
    input: TileRaster,
    output: Rect,
    window: Rect,
    { weighed, context }: { readonly weighed: boolean; readonly context: KernelContext },
  ): Channel[] {
    const cleared = (rect: Rect) => {
      const plane = allocatePlane(arena, rect);
      new Uint8Array(arena.memory.buffer, plane.address, plane.strideBytes * rect.height).fill(0);
      return plane;
    };
    const isInvalid = invalidSamplesOf(input, context);
    const held = intersect(window, input.rect);
    let shared: Plane | undefined;
    return Array.from({ length: input.channels }, (_, c): Channel => {
      const [samples, sums] = [cleared(window), cleared(output)];
      if (!weighed) {
        loadPlane(planes, arena, input, c, samples);
        // All channels have the same weights.
        shared ??= cleared(output);
        return { samples, sums, totals: shared };
      }
      const weights = cleared(window);
      for (let y = held.y; y < held.y + held.height; y++) {
        const row = new Float32Array(arena.memory.buffer, addressAt(samples, held.x, y), held.width);
        const own = new Float32Array(arena.memory.buffer, addressAt(weights, held.x, y), held.width);
        for (let x = 0; x < held.width; x++) {
          const pixel = sampleIndex(input, held.x + x, y);
          if (isInvalid(pixel, c)) continue;
          const sample = input.samples[pixel + c]!;
          row[x] = Number.isFinite(sample) ? sample : Number.NaN;
          own[x] = 1;
        }
      }
      return { samples, weights, sums, totals: cleared(output) };
    });
  }
}
