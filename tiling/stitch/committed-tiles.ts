import { bandOrder, cellRect, cellsTouching, type Grid, gridOf } from '../geometry/grid.js';
import { area, intersect, rectOf } from '../geometry/rect.js';
import { BandExchanges, type TileBands } from '../plan/band-exchanges.js';
import { couplingOf, operationsIn } from '../plan/chain.js';
import { maskLevel, stageGrid } from '../plan/levels.js';
import type { Plan, StagePlan } from '../plan/plan.js';
import { SAMPLE_BYTES } from '../raster/dtype.js';
import { RasterCrc } from '../raster/raster-crc.js';
import type { StageTask } from '../work/task.js';
import type { StoredRead, TileData } from '../work/tiles.js';
import type { CommittedTile } from './tile-ledger.js';

/** The tiles of one job that need not be computed any more, and what follows from them for the others. */
export class CommittedTiles {
  readonly #plan: Plan;
  readonly #filterStage: number;
  readonly #pathOf: (part: string) => string;
  readonly #tiles = new Map<string, CommittedTile>();
  readonly #exchanges: BandExchanges;
  #filteredPixels = 0;

  /** @param pathOf where a part file lies, or with an empty name the file of placed blocks */
  constructor(plan: Plan, pathOf: (part: string) => string) {
    this.#plan = plan;
    this.#pathOf = pathOf;
    this.#exchanges = new BandExchanges(plan, (stage) => this.#inOrder(stage));
    this.#filterStage = plan.stages.findIndex(({ kind }) => kind === 'filter');
  }

  add(tile: CommittedTile): void {
    this.#tiles.set(`${tile.stage}/${tile.tileIndex}`, tile);
    if (tile.stage !== this.#filterStage) return;
    this.#filteredPixels += area(cellRect(this.#gridOf(tile.stage), tile.tileIndex));
  }

  get count(): number {
    return this.#tiles.size;
  }

  /** Pixels of level 0 that are done. */
  get filteredPixels(): number {
    return this.#filteredPixels;
  }

  /** Tells, each time that it is called, which were added since: for whoever watches a job. */
  follow(): () => CommittedTile[] {
    // An iterator that has come to its end would not see what is added behind it.
    const tiles = this.#tiles.values();
    let told = 0;
    return () => {
      const fresh: CommittedTile[] = [];
      for (; told < this.#tiles.size; told++) fresh.push(tiles.next().value!);
      return fresh;
    };
  }

  all(): CommittedTile[] {
    return [...this.#tiles.values()];
  }

  /** What the tiles of a reduce stage gathered. */
  partialsOf(stage: number): unknown[] {
    return this.all()
      .filter((tile) => tile.stage === stage)
      .map(({ partial }) => partial);
  }

  /** What each tile of a stage is handed by operations over bands of full rows, once the stages before it are done. */
  bandsOf(stage: number): (tileIndex: number) => TileBands | undefined {
    return this.#exchanges.of(stage);
  }

  /** As {@link partialsOf}, the first tile's first. */
  #inOrder(stage: number): unknown[] {
    const { across, down } = this.#plan.stages[stage]!;
    return Array.from({ length: across * down }, (_, tile) => this.#tiles.get(`${stage}/${tile}`)!.partial);
  }

  /** CRC-32 of the level-0 pixels in raster order, once all of them are done. */
  crc(): number {
    const { output } = this.#plan;
    let terms = 0;
    for (const tile of this.#tiles.values()) if (tile.stage === this.#filterStage) terms ^= tile.rasterCrcTerm;
    return new RasterCrc(output, output.channels * SAMPLE_BYTES[output.dtype]).finish(terms);
  }

  /** A stage's missing tiles in the order in which they should start; those of one row in sequence where they hand values on. */
  *sequences(index: number): Generator<Iterable<StageTask>> {
    const stage = this.#plan.stages[index]!;
    const operations = operationsIn(stage, this.#plan.operations);
    if (operations.some((operation) => couplingOf(operation) === 'row')) {
      for (let row = 0; row < stage.down; row++) yield this.#rowTasks(index, stage, row);
      return;
    }
    const bandsOf = this.bandsOf(index);
    for (const tile of bandOrder(this.#gridOf(index), stage.bandTiles)) {
      if (this.#tiles.has(`${index}/${tile}`)) continue;
      if (stage.kind === 'overview') {
        yield [{ kind: 'overview', stage: index, index: tile, data: { blocks: this.#readsOf(stage, tile) } }];
      } else yield [{ kind: stage.kind, stage: index, index: tile, data: withBands({}, bandsOf(tile)) }];
    }
  }

  *#rowTasks(index: number, stage: StagePlan, row: number): Generator<StageTask> {
    const bandsOf = this.bandsOf(index);
    for (let tile = row * stage.across; tile < (row + 1) * stage.across; tile++) {
      if (this.#tiles.has(`${index}/${tile}`)) continue;
      const first = tile === row * stage.across;
      const carries = first ? undefined : this.#tiles.get(`${index}/${tile - 1}`)!.carries;
      yield {
        kind: stage.kind as 'filter' | 'reduce',
        stage: index,
        index: tile,
        data: withBands({ carries }, bandsOf(tile)),
      };
    }
  }

  /** Where the blocks lie that an overview tile averages. */
  #readsOf(stage: StagePlan, tile: number): StoredRead[] {
    const level = this.#plan.levels[stage.base]!;
    const blockGrid = gridOf(level, { width: this.#plan.block, height: this.#plan.block });
    const rect = cellRect(stageGrid(stage), tile);
    const blocks = cellsTouching(blockGrid, intersect(rect, rectOf(level)));
    const levels = this.#plan.mask === undefined ? [stage.base] : [stage.base, maskLevel(this.#plan, stage.base)];
    return levels.flatMap((stored) => blocks.map((block) => this.#storedBlock(stored, block)));
  }

  /** Of the level read last, and of its mask. */
  readonly #storedBlocks = new Map<number, Map<number, StoredRead>>();

  #storedBlock(level: number, index: number): StoredRead {
    let byIndex = this.#storedBlocks.get(level);
    if (byIndex === undefined) {
      byIndex = new Map();
      if (this.#storedBlocks.size === 2) this.#storedBlocks.clear();
      for (const { part, blocks } of this.#tiles.values()) {
        for (const { level: of, index: at, offset, length, crc } of blocks) {
          if (of !== level) continue;
          // A block at its place in the output may have been written again with the same pixels.
          const known = part === '' && level === 0 && crc === 0 ? {} : { crc };
          const source = { form: 'file', path: this.#pathOf(part), offset, length, ...known } as const;
          byIndex.set(at, { level, index: at, source });
        }
      }
      this.#storedBlocks.set(level, byIndex);
    }
    return byIndex.get(index)!;
  }

  #gridOf(stage: number): Grid {
    return stageGrid(this.#plan.stages[stage]!);
  }
}

function withBands(data: TileData, bands: TileBands | undefined): TileData {
  return bands === undefined ? data : { ...data, bands };
}
