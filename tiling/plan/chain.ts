import { grow, intersect, type Rect, rectOf, type Size } from '../geometry/rect.js';
import { OPERATIONS, type Operation } from '../operations/index.js';

/** What one operation of a chain reads and writes for one tile. */
export interface ChainLink {
  readonly operation: Operation;
  /** The pixels it writes. */
  readonly output: Rect;
  /** The pixels it reads, cut at the image. */
  readonly input: Rect;
  /** The pixels its kernel wants in memory: `input`, or more where the border extends the image. */
  readonly window: Rect;
}

/**
 * The rects of a chain for one tile, first operation first. Rects propagate backwards,
 * R(i−1) = (R(i) grown by operation i's reach over its map in R(i)) ∩ image, so that each operation reads
 * just what the radii under its own output need.
 *
 * @param mapMaxIn the largest map value' in a rect; asked once per operation by map
 */
export async function linkChain(
  operations: readonly Operation[],
  tile: Rect,
  image: Size,
  mapMaxIn: (rect: Rect) => number | Promise<number>,
): Promise<ChainLink[]> {
  const links: ChainLink[] = [];
  let output = tile;
  for (let index = operations.length - 1; index >= 0; index--) {
    const operation = operations[index]!;
    const reach = OPERATIONS[operation.name]!.reach(operation, operation.byMap ? await mapMaxIn(output) : 0);
    const grown = grow(output, reach);
    const input = intersect(grown, rectOf(image));
    links.unshift({ operation, output, input, window: operation.border === 'clip' ? input : grown });
    output = input;
  }
  return links;
}
