import { closeSync, constants, openSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { decodeBlock } from '../codecs/decode-block.js';
import { badInput, HalotileError } from '../errors.js';
import { cellRect, cellsTouching, type Grid, gridOf } from '../geometry/grid.js';
import { area, intersect, type Rect, type Size } from '../geometry/rect.js';
import { filterStage } from '../plan/levels.js';
import { type OutputShape, storedBlockLayout, storedPhotometric } from '../plan/output-shape.js';
import { areBlocksOf } from '../plan/tile-blocks.js';
import { allocateSamples, SAMPLE_BYTES, type Samples, viewSamples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { readFully } from '../stitch/copy-blocks.js';
import { type PartialPaths, readPartialJob } from '../stitch/partial.js';
import { type CommittedTile, followTiles } from '../stitch/tile-ledger.js';
import { SAMPLED_SIDE } from './file-picture.js';
import type { Picture, PictureSamples } from './picture.js';
import { SampledLevel } from './sampled-level.js';

/** Blocks of one level that places are kept of: a picture of four terapixels. */
const MAX_BLOCKS = 2 ** 24;
/** Committed tiles whose pixels the small level takes between two looks at what else is wanted. */
const TILES_AT_ONCE = 8;

/** Where the committed blocks of one level lie. */
interface LevelBlocks {
  readonly grid: Grid;
  /** Index into the part files, plus one; 0 where the block is not committed. */
  readonly parts: Uint16Array;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;
}

/** An unfinished output, read from its part files as far as its ledger has them; the job may be running. */
export class PartialPicture implements Picture {
  readonly info: RasterInfo;
  readonly levels: readonly Size[];
  readonly tileSide: number;
  readonly shape: OutputShape;
  /** What the job's `job.json` says of it, for people. */
  readonly about: unknown;
  readonly #paths: PartialPaths;
  readonly #follow: () => CommittedTile[];
  readonly #filter: number;
  readonly #blocks: readonly LevelBlocks[];
  readonly #parts: string[] = [];
  readonly #sampled: SampledLevel;
  /** Committed tiles, in the order in which the ledger has them, each once. */
  readonly #tiles: CommittedTile[] = [];
  readonly #known = new Set<string>();
  #filtered = 0;
  #sampledTiles = 0;
  #sampling: Promise<void> | undefined;
  #closed = false;

  /** @throws bad-input where no unfinished job is there */
  constructor(paths: PartialPaths) {
    const job = readPartialJob(paths);
    if (job?.shape === undefined) throw notThere(paths);
    const { shape } = job;
    this.#paths = paths;
    this.shape = shape;
    this.about = job.about;
    this.info = { ...shape.output, carried: [] };
    this.tileSide = shape.block;
    this.#follow = followTiles(paths.directory);
    this.#filter = shape.stages.findIndex(({ kind }) => kind === 'filter');
    const written = filterStage(shape).levels.map((level) => shape.levels[level]!);
    this.#blocks = written.map((size) => emptyBlocks(gridOf(size, { width: shape.block, height: shape.block }), paths));
    const last = written.at(-1)!;
    this.#sampled = new SampledLevel({ ...this.info, width: last.width, height: last.height }, SAMPLED_SIDE);
    this.levels = [...written, this.#sampled.size].map(({ width, height }) => ({ width, height }));
    this.refresh();
  }

  get finishedShare(): number {
    const { across, down } = filterStage(this.shape);
    return this.#filtered / (across * down);
  }

  /** Tiles that the ledger has, of all stages, in its order. */
  get tiles(): readonly CommittedTile[] {
    return this.#tiles;
  }

  refresh(): void {
    for (const tile of this.#follow()) {
      const key = `${tile.stage}/${tile.tileIndex}`;
      if (this.#known.has(key)) continue;
      this.#known.add(key);
      this.#tiles.push(tile);
      if (tile.stage === this.#filter && areBlocksOf(this.shape, tile)) this.#place(tile);
    }
  }

  fill(): Promise<void> {
    this.#sampling ??= this.#sample().finally(() => {
      this.#sampling = undefined;
    });
    return this.#sampling;
  }

  async read(level: number, rect: Rect): Promise<PictureSamples> {
    const blocks = this.#blocks[level];
    if (blocks === undefined) return this.#sampled.read(rect);
    const { channels, dtype } = this.info;
    const samples = allocateSamples(dtype, area(rect) * channels);
    const present = new Uint8Array(area(rect));
    for (const index of cellsTouching(blocks.grid, rect)) {
      const decoded = await this.#decode(level, index);
      if (decoded !== undefined)
        copyCell(decoded, cellRect(blocks.grid, index), {
          rect,
          samples,
          present,
          channels,
          rowPixels: this.shape.block,
        });
    }
    return { samples, present };
  }

  close(): void {
    this.#closed = true;
  }

  #place({ part, blocks }: CommittedTile): void {
    let at = this.#parts.lastIndexOf(part);
    if (at < 0) {
      if (part !== '' && !liesWithin(this.#paths.directory, part)) return;
      at = this.#parts.push(part) - 1;
    }
    this.#filtered++;
    for (const { level, index, offset, length } of blocks) {
      const places = this.#blocks[level];
      if (places === undefined) continue;
      places.parts[index] = at + 1;
      places.offsets[index] = offset;
      places.lengths[index] = length;
    }
  }

  /** The samples of a block, undefined where it is not committed. */
  async #decode(level: number, index: number): Promise<Samples | undefined> {
    const { grid, parts, offsets, lengths } = this.#blocks[level]!;
    const part = this.#parts[parts[index]! - 1];
    if (part === undefined) return undefined;
    const encoded = new Uint8Array(lengths[index]!);
    const file = part === '' ? this.#paths.image : join(this.#paths.directory, part);
    readPiece(file, encoded, offsets[index]!);
    const layout = storedBlockLayout(this.shape, grid);
    const context = { storedPhotometric: storedPhotometric(this.shape) };
    const decoded = await decodeBlock(encoded, layout, context, this.info, { file: part, block: index });
    const { dtype } = this.info;
    const aligned = decoded.byteOffset % SAMPLE_BYTES[dtype] === 0 ? decoded : decoded.slice();
    return viewSamples(dtype, aligned.buffer, aligned.byteOffset, aligned.byteLength / SAMPLE_BYTES[dtype]);
  }

  /** Gives the small level the tiles that it has not seen, from the coarsest blocks that they brought. */
  async #sample(): Promise<void> {
    const coarsest = this.#blocks.length - 1;
    const { grid } = this.#blocks[coarsest]!;
    try {
      while (this.#sampledTiles < this.#tiles.length && !this.#closed) {
        const tile = this.#tiles[this.#sampledTiles++]!;
        if (tile.stage !== this.#filter) continue;
        for (const { level, index } of tile.blocks) {
          if (level !== coarsest) continue;
          const decoded = await this.#decode(level, index);
          const rect = cellRect(grid, index);
          if (decoded !== undefined)
            this.#sampled.add(decoded, { rect, rowPixels: this.shape.block, from: grid.image });
        }
        if (this.#sampledTiles % TILES_AT_ONCE === 0) await turn();
      }
    } catch {
      // The job may be done and its part files gone; whoever asks for a tile is told.
    }
  }
}

/** Whether a part file is where its ledger says: links lead to what is somebody else's to show. */
function liesWithin(directory: string, part: string): boolean {
  try {
    return realpathSync(join(directory, part)) === join(realpathSync(directory), part);
  } catch {
    return false;
  }
}

function emptyBlocks(grid: Grid, { directory }: PartialPaths): LevelBlocks {
  const blocks = grid.across * grid.down;
  if (blocks > MAX_BLOCKS) {
    const what = `the output has ${blocks} blocks`;
    throw new HalotileError('over-limit', { what, file: directory, expected: `at most ${MAX_BLOCKS} to be shown` });
  }
  return {
    grid,
    parts: new Uint16Array(blocks),
    offsets: new Float64Array(blocks),
    lengths: new Uint32Array(blocks),
  };
}

function copyCell(
  decoded: Samples,
  cell: Rect,
  into: {
    readonly rect: Rect;
    readonly samples: Samples;
    readonly present: Uint8Array;
    readonly channels: number;
    readonly rowPixels: number;
  },
): void {
  const { rect, samples, present, channels, rowPixels } = into;
  const cut = intersect(cell, rect);
  for (let y = cut.y; y < cut.y + cut.height; y++) {
    const from = (y - cell.y) * rowPixels + (cut.x - cell.x);
    const to = (y - rect.y) * rect.width + (cut.x - rect.x);
    const row = decoded.subarray(from * channels, (from + cut.width) * channels);
    samples.set(row as Uint8Array, to * channels);
    present.fill(1, to, to + cut.width);
  }
}

/** @throws bad-input where the file is gone */
function readPiece(path: string, into: Uint8Array, offset: number): void {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    throw badInput({ what: 'a part of the unfinished output is gone', file: path }, cause);
  }
  try {
    readFully(fd, into, offset);
  } finally {
    closeSync(fd);
  }
}

function notThere({ directory }: PartialPaths): HalotileError {
  return badInput({ what: 'no unfinished job is here', file: directory, expected: 'an OUT.partial directory' });
}
