import { closeSync, constants, fsyncSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../../tiling/plan/plan.js';
import type { AssembledSource } from '../../tiling/stitch/assembled-bytes.js';
import { writeFully } from '../../tiling/stitch/copy-blocks.js';
import type { PartialPaths } from '../../tiling/stitch/partial.js';
import type { CommittedTile } from '../../tiling/stitch/tile-ledger.js';
import { assignOffsets, encodeIndex, placesOf } from '../../tiling/tiff/tiff-layout.js';
import type { CopyData } from '../../tiling/work/copy.js';
import { planCopies } from './plan-copies.js';

/** Assembly copies memory to memory: more threads than this only wait for each other's pages. */
export const MAX_THREADS = 4;

/** A file of our own, made or emptied, and no link that somebody put in its place. */
export const OWN_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** What an assembly runs on. */
export interface AssemblyMeans {
  /** Copies that run at once. */
  readonly slots: number;
  /** Copies a run of blocks on a thread. */
  readonly copy: (data: CopyData) => Promise<unknown>;
  readonly durable: boolean;
}

/**
 * Puts the output file together from the blocks of all committed tiles: a function of the ledger, so that a
 * run that died here is simply repeated. Threads copy; few blocks alone pass through the caller's thread.
 * Returns the size of the file.
 */
export async function assemble(
  plan: Plan,
  paths: PartialPaths,
  tiles: readonly CommittedTile[],
  { slots, copy, durable }: AssemblyMeans,
): Promise<number> {
  const places = placesOf(
    plan,
    tiles.flatMap(({ blocks }) => blocks),
  );
  const fileBytes = assignOffsets(plan, places);
  const fd = openSync(paths.image, OWN_FILE, 0o644);
  try {
    ftruncateSync(fd, fileBytes);
    writeFully(fd, encodeIndex(plan, places), 0);
  } finally {
    closeSync(fd);
  }
  const count = Math.min(slots, MAX_THREADS);
  const runs = planCopies(places, tiles, (part) => join(paths.directory, part), count);
  await Promise.all(runs.map((copies) => copy({ target: paths.image, copies })));
  if (durable) syncFile(paths.image);
  return fileBytes;
}

/**
 * The same file without putting it together: its index, and the blocks at their places in it. Another function of the
 * ledger alone, so that a run that died goes on with the same bytes.
 */
export function assembledSource(plan: Plan, paths: PartialPaths, tiles: readonly CommittedTile[]): AssembledSource {
  const places = placesOf(
    plan,
    tiles.flatMap(({ blocks }) => blocks),
  );
  const bytes = assignOffsets(plan, places);
  const [copies] = planCopies(places, tiles, (part) => join(paths.directory, part), 1);
  return { kind: 'blocks', index: encodeIndex(plan, places), copies: copies!, bytes };
}

/** Makes a file's bytes survive a power loss. */
export function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
