import type { TileGrids } from '../../proto/page/messages.js';
import { filterStage } from '../../tiling/plan/levels.js';
import type { OutputShape } from '../../tiling/plan/output-shape.js';
import type { CommittedTile } from '../../tiling/stitch/tile-ledger.js';

/** What is told of an unfinished output: its tiles, and which of them were committed since the last time. */
export interface FollowedTiles {
  readonly grids: TileGrids;
  /** Triples of stage, tile and index into `workers`. */
  readonly committed: Uint32Array;
  /** As part files are named: by workers with their threads. */
  readonly workers: readonly string[];
}

const PART = /^epoch-\d+\/part-(.+)$/;

/** What `fresh` tiles of an output of this shape are told as. */
export function followedTiles(shape: OutputShape, fresh: readonly CommittedTile[]): FollowedTiles {
  const names = new Map<string, number>();
  const committed = new Uint32Array(fresh.length * 3);
  for (const [index, { stage, tileIndex, part }] of fresh.entries()) {
    const name = PART.exec(part)?.[1] ?? '';
    const worker = names.get(name) ?? names.size;
    names.set(name, worker);
    committed.set([stage, tileIndex, worker], index * 3);
  }
  const { width, height } = shape.output;
  const stages = shape.stages.map(({ kind, across, down, tileSide, size }) => ({
    kind,
    across,
    down,
    tileSide,
    ...size,
  }));
  const grids = { width, height, stages, filter: shape.stages.indexOf(filterStage(shape)) };
  return { grids, committed, workers: [...names.keys()] };
}
