import { grow, intersect, type Rect, rectOf, type Size } from '../geometry/rect.js';
import { type Coupling, OPERATIONS, type Operation } from '../operations/index.js';
import type { StagePlan } from './plan.js';

/** What one operation of a chain reads and writes for one tile. */
export interface ChainLink {
  readonly operation: Operation;
  /** Size of the operation's whole input: the image's, or what a downscale before it left. */
  readonly image: Size;
  /** The pixels it writes. */
  readonly output: Rect;
  /** The pixels of the map it needs, where it runs by map. */
  readonly map: Rect;
  /** The pixels it reads, cut at its input. */
  readonly input: Rect;
  /** The pixels its kernel wants in memory: `input`, or more where the border extends the image. */
  readonly window: Rect;
}

/** The largest map value' in a rect, rounded where it means a radius. */
export type MapMaxIn = (rect: Rect, operation: Operation) => number | Promise<number>;

/** Sizes along a chain: the input of each operation, then the result. */
export function chainSizes(operations: readonly Operation[], image: Size): Size[] {
  const sizes: Size[] = [{ width: image.width, height: image.height }];
  for (const operation of operations) {
    const before = sizes.at(-1)!;
    sizes.push(OPERATIONS[operation.name]!.outputSize?.(operation, before) ?? before);
  }
  return sizes;
}

/**
 * The rects of a chain for one tile, first operation first. Rects propagate backwards,
 * R(i−1) = (R(i) grown by operation i's reach over its map *in R(i)*) ∩ image, so that each operation reads
 * just what the radii under its own output need.
 *
 * @param mapMaxIn asked once for each operation by map, last operation first
 */
export async function linkChain(
  operations: readonly Operation[],
  tileRect: Rect,
  image: Size,
  mapMaxIn: MapMaxIn,
): Promise<ChainLink[]> {
  const sizes = chainSizes(operations, image);
  const links: ChainLink[] = [];
  let output = tileRect;
  for (let index = operations.length - 1; index >= 0; index--) {
    const operation = operations[index]!;
    const map = mapRect(operation, output, sizes[index]!);
    const mapMax = operation.byMap ? await mapMaxIn(map, operation) : 0;
    const link = linkOne(operation, output, map, sizes[index]!, mapMax);
    links.unshift(link);
    output = link.input;
  }
  return links;
}

/** The same with one map value' for every rect: bounds, and chains whose tiles must all reach equally far. */
export function linkChainWith(
  operations: readonly Operation[],
  tileRect: Rect,
  image: Size,
  mapMax: number,
): ChainLink[] {
  const sizes = chainSizes(operations, image);
  const links: ChainLink[] = [];
  let output = tileRect;
  for (let index = operations.length - 1; index >= 0; index--) {
    const operation = operations[index]!;
    const map = mapRect(operation, output, sizes[index]!);
    const link = linkOne(operation, output, map, sizes[index]!, operation.byMap ? mapMax : 0);
    links.unshift(link);
    output = link.input;
  }
  return links;
}

/** The tile whose rects are largest: one in the middle, where no edge cuts its halo. */
export function middleTile(image: Size, tileSide: number, tileWidth = tileSide): Rect {
  const start = (length: number, side: number) => Math.floor(Math.floor((length - 1) / side) / 2) * side;
  const [x, y] = [start(image.width, tileWidth), start(image.height, tileSide)];
  const uncut = { x, y, width: tileWidth, height: tileSide };
  return intersect(uncut, rectOf(image));
}

/** The operations that tiles of a stage run: before a reduction those that give it its input, then all of them. */
export function operationsIn(
  stage: Pick<StagePlan, 'kind' | 'operation'>,
  operations: readonly Operation[],
): readonly Operation[] {
  if (stage.kind === 'overview') return [];
  return stage.kind === 'reduce' ? operations.slice(0, stage.operation) : operations;
}

/** Whether a chain runs in bands of full rows. */
export function isBanded(operations: readonly Operation[]): boolean {
  return operations.some(({ name }) => OPERATIONS[name]!.bands !== undefined);
}

/** An operation's coupling with its parameters. */
export function couplingOf(operation: Operation): Coupling {
  const descriptor = OPERATIONS[operation.name]!;
  return descriptor.couplingOf?.(operation) ?? descriptor.coupling;
}

function mapRect(operation: Operation, output: Rect, image: Size): Rect {
  const reach = operation.byMap ? OPERATIONS[operation.name]!.mapReach?.(operation) : undefined;
  return reach === undefined ? output : intersect(grow(output, reach), rectOf(image));
}

function linkOne(operation: Operation, output: Rect, map: Rect, image: Size, mapMax: number): ChainLink {
  const descriptor = OPERATIONS[operation.name]!;
  if (descriptor.inputRect !== undefined) {
    const input = descriptor.inputRect(operation, output, image);
    return { operation, image, output, map, input, window: input };
  }
  const grown = grow(output, descriptor.reach(operation, mapMax));
  const input = intersect(grown, rectOf(image));
  return { operation, image, output, map, input, window: operation.border === 'clip' ? input : grown };
}
