import { cellRect } from '../geometry/grid.js';
import { bandsIn } from '../operations/band/bands.js';
import { OPERATIONS } from '../operations/index.js';
import { linkChainWith, operationsIn } from './chain.js';
import { stageGrid } from './levels.js';
import { chainTypes } from './memory.js';
import type { Plan } from './plan.js';

/**
 * For each operation of coupling `band`, by its place in the chain: what the bands of full rows that a tile runs it over
 * are handed, from the first of them.
 */
export type TileBands = Readonly<Record<number, { readonly first: number; readonly handed: readonly string[] }>>;

/** What the bands of a plan's operations over full rows hand to each other, worked out when a later stage first asks. */
export class BandExchanges {
  readonly #plan: Plan;
  readonly #partialsOf: (stage: number) => readonly unknown[];
  /** By operation. */
  readonly #handed = new Map<number, readonly string[]>();

  /** @param partialsOf what a finished stage's tiles gathered, the first tile's first */
  constructor(plan: Plan, partialsOf: (stage: number) => readonly unknown[]) {
    this.#plan = plan;
    this.#partialsOf = partialsOf;
  }

  /** What each tile of a stage is handed; undefined where its chain has no such operation. The stages before are done. */
  of(index: number): (tileIndex: number) => TileBands | undefined {
    const { operations: all, image, stages, mapMaxBound } = this.#plan;
    const stage = stages[index]!;
    const operations = operationsIn(stage, all);
    const grid = stageGrid(stage);
    if (operations.every(({ name }) => OPERATIONS[name]!.bands === undefined)) return () => undefined;
    return (tileIndex) => {
      const links = linkChainWith(operations, cellRect(grid, tileIndex), image, mapMaxBound);
      const entries = links.flatMap(({ operation, input }, at) => {
        if (OPERATIONS[operation.name]!.bands === undefined) return [];
        const { first, count } = bandsIn(operation, input);
        return [[at, { first, handed: this.#handedOf(at).slice(first, first + count) }] as const];
      });
      return Object.fromEntries(entries);
    };
  }

  #handedOf(index: number): readonly string[] {
    let handed = this.#handed.get(index);
    if (handed === undefined) {
      const { operations, image, stages } = this.#plan;
      const operation = operations[index]!;
      const stage = stages.findIndex((each) => each.kind === 'reduce' && each.operation === index);
      const partials = this.#partialsOf(stage) as readonly string[];
      handed = OPERATIONS[operation.name]!.bands!.handOut(operation, partials, chainTypes(operations, image)[index]!);
      this.#handed.set(index, handed);
    }
    return handed;
  }
}
