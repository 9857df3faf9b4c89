import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { stageGrid } from '../../tiling/plan/levels.js';
import { isPlaced } from '../../tiling/plan/output-shape.js';
import type { Plan } from '../../tiling/plan/plan.js';
import { isPartial } from '../../tiling/plan/reductions.js';
import { areBlocksOf } from '../../tiling/plan/tile-blocks.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import type { PartialPaths } from '../../tiling/stitch/partial.js';
import type { CommittedTile } from '../../tiling/stitch/tile-ledger.js';
import { type BlockPlaces, placedLayout } from '../../tiling/tiff/tiff-layout.js';
import type { StoredBlock } from '../../tiling/work/references.js';

/**
 * The committed tiles of earlier runs that still hold, the others are to be computed again: each is a tile of this plan
 * with exactly its blocks; part files are as long as it says; blocks that were placed in the file itself, which no
 * assembly reads again, have their checksums.
 */
export async function soundTiles(
  plan: Plan,
  paths: PartialPaths,
  tiles: readonly CommittedTile[],
): Promise<CommittedTile[]> {
  const files = new StoredFiles();
  const placed = isPlaced(plan) ? placedLayout(plan).places : undefined;
  try {
    const sound: CommittedTile[] = [];
    for (const tile of tiles) {
      if (!isPlanned(plan, tile, placed)) continue;
      const file = await files.get(placed === undefined ? join(paths.directory, tile.part) : paths.image);
      const holds = placed === undefined ? isCovered(file, tile.blocks) : await isIntact(plan, tile, file);
      if (holds || tile.blocks.length === 0) sound.push(tile);
    }
    return sound;
  } finally {
    await files.close();
  }
}

function isPlanned(plan: Plan, tile: CommittedTile, placed: readonly BlockPlaces[] | undefined): boolean {
  if (!areBlocksOf(plan, tile)) return false;
  if (plan.stages[tile.stage]!.kind === 'reduce' && !isPartial(tile.partial, plan, tile)) return false;
  if (placed === undefined) return true;
  const inPlace = ({ level, index, offset, length }: StoredBlock) =>
    placed[level]!.offsets[index] === offset && placed[level]!.lengths[index] === length;
  return tile.part === '' && tile.blocks.every(inPlace);
}

interface StoredFile {
  readonly handle: FileHandle;
  readonly size: number;
}

/** Files of a partial directory, each opened once and never through a link. */
class StoredFiles {
  readonly #files = new Map<string, StoredFile | undefined>();

  async get(path: string): Promise<StoredFile | undefined> {
    if (!this.#files.has(path)) this.#files.set(path, await opened(path));
    return this.#files.get(path);
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file?.handle.close();
  }
}

async function opened(path: string): Promise<StoredFile | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    // What cannot be opened holds nothing.
    return undefined;
  }
  const stat = await handle.stat();
  if (stat.isFile()) return { handle, size: stat.size };
  await handle.close();
  return undefined;
}

function isCovered(file: StoredFile | undefined, blocks: readonly StoredBlock[]): boolean {
  return file !== undefined && blocks.every(({ offset, length }) => offset + length <= file.size);
}

/**
 * Whether placed blocks are what was committed: by their own checksum, which is 0 for blocks of pixels alone, and those
 * of level 0 by that of the tile's pixels.
 */
async function isIntact(plan: Plan, tile: CommittedTile, file: StoredFile | undefined): Promise<boolean> {
  if (file === undefined || !isCovered(file, tile.blocks)) return false;
  for (const block of tile.blocks) {
    if (block.crc !== 0 && crc32(await bytesAt(file, block)) !== block.crc) return false;
  }
  const first = tile.blocks.filter(({ level }) => level === 0);
  return first.length === 0 || (await pixelCrc(plan, tile, first, file)) === tile.pixelCrc;
}

async function bytesAt({ handle }: StoredFile, { offset, length }: StoredBlock): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes;
}

/** CRC-32 of a tile's pixels in raster order, a row of blocks at a time. */
async function pixelCrc(
  { stages, levels, block: side, output }: Plan,
  { stage, tileIndex }: CommittedTile,
  blocks: readonly StoredBlock[],
  file: StoredFile,
): Promise<number> {
  const rect = cellRect(stageGrid(stages[stage]!), tileIndex);
  const grid = gridOf(levels[0]!, { width: side, height: side });
  const pixelBytes = output.channels * SAMPLE_BYTES[output.dtype];
  const rowBytes = rect.width * pixelBytes;
  const byRow = groupByRow(blocks, grid.across);
  let crc = 0;
  for (const row of [...byRow.keys()].sort((a, b) => a - b)) {
    const height = cellRect(grid, row * grid.across).height;
    const band = Buffer.alloc(height * rowBytes);
    for (const block of byRow.get(row)!) {
      const held = cellRect(grid, block.index);
      const bytes = await bytesAt(file, block);
      for (let y = 0; y < height; y++) {
        const from = y * side * pixelBytes;
        bytes.copy(band, y * rowBytes + (held.x - rect.x) * pixelBytes, from, from + held.width * pixelBytes);
      }
    }
    crc = crc32(band, crc);
  }
  return crc;
}

function groupByRow(blocks: readonly StoredBlock[], across: number): Map<number, StoredBlock[]> {
  const rows = new Map<number, StoredBlock[]>();
  for (const block of blocks) {
    const row = Math.floor(block.index / across);
    rows.set(row, [...(rows.get(row) ?? []), block]);
  }
  return rows;
}
