import type { Operation } from '../../../tiling/operations/descriptor.js';
import { morphologyParts } from '../../../tiling/operations/rank/morphology.js';
import { linkChainWith } from '../../../tiling/plan/chain.js';
import type { TileMemory } from '../backend.js';
import { copyValidity, type Kernel, type KernelContext, partOf, type TileRaster } from '../kernel.js';
import { rank } from './rank.js';
import { extendBorder } from './samples/extend-border.js';
import { HeapMemory } from './samples/heap-memory.js';
import { fillSamples, sampleIndex } from './samples/pixels.js';

/** Opening, closing, gradient and the two hats, each border extended anew before its second extremum. */
export const morphology: Kernel = (input, output, operation, context) => {
  const memory = new HeapMemory();
  const { plus, minus } = morphologyParts(operation);
  const [minuend, subtrahend] = [plus, minus].map((chain) => {
    if (chain === undefined) return undefined;
    const into = likeOf(input, output.rect, memory);
    return chain.length === 0 ? input : runExtrema(chain, { input, into, context }, { extremum: rank, memory });
  });
  const sampleOf = (raster: TileRaster | undefined, x: number, y: number, c: number) =>
    raster === undefined ? 0 : raster.samples[sampleIndex(raster, x, y) + c]!;
  fillSamples(input, output, context, (x, y, c) => sampleOf(minuend, x, y, c) - sampleOf(subtrahend, x, y, c));
};

/** What a chain of extrema reads and where its result goes. */
export interface ExtremaCall {
  readonly input: TileRaster;
  readonly into: TileRaster;
  readonly context: KernelContext;
}

/**
 * Runs a chain of `min` and `max` as operations one by one; gives `into`. The input holds what the whole chain reaches
 * around it. What lies between two of them is taken from `memory`.
 */
export function runExtrema(
  chain: readonly Operation[],
  { input, into, context }: ExtremaCall,
  { extremum, memory }: { readonly extremum: Kernel; readonly memory: TileMemory },
): TileRaster {
  const links = linkChainWith(chain, into.rect, context.image, 0);
  let window = input;
  for (const [index, { operation, output, window: read }] of links.entries()) {
    const next = links[index + 1];
    const following = next === undefined ? into : likeOf(input, next.window, memory);
    const part = partOf(following, output);
    extremum(partOf(window, read), part, operation, context);
    if (next !== undefined) {
      if (window.valid !== undefined) copyValidity(window, part);
      extendBorder(following, context.image, next.operation);
    }
    window = following;
  }
  return into;
}

/** A dense raster over `rect` with the type and, where there is one, the validity of another; not filled. */
export function likeOf(
  { dtype, channels, valid }: TileRaster,
  rect: TileRaster['rect'],
  memory: TileMemory,
): TileRaster {
  const stride = rect.width * channels;
  const samples = memory.allocSamples(dtype, stride * rect.height);
  const raster = { rect, dtype, channels, stride, samples };
  if (valid === undefined) return raster;
  return { ...raster, valid: memory.allocSamples('uint8', rect.width * rect.height) as Uint8Array };
}
