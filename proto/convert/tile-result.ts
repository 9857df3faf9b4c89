import { badInput } from '../../tiling/errors.js';
import type { StoredBlock, TileCounts, TileResult, TileSeconds } from '../../tiling/job/execution.js';
import { fromPortable, toPortable } from '../../tiling/job/portable.js';
import type { halotile } from '../gen/messages.js';

/** What a commit says beside the result. */
export interface CommitAddress {
  /** The coordinator's name of the job. */
  readonly key: string;
  readonly lease: number;
  /** Whether the blocks' bytes follow; their offsets then mean nothing. */
  readonly inline: boolean;
}

/** A result as the header of CommitTile. */
export function writeTileResult({ key, lease, inline }: CommitAddress, result: TileResult): halotile.v1.ITileCommit {
  const {
    task: { stage, tile, attempt },
    blocks,
    part,
    pixelCrc,
    rasterCrcTerm,
    mapMax,
    seconds,
    counts,
  } = result;
  return {
    ...{ key, lease, stage, tile, attempt, part, pixelCrc, rasterCrcTerm, mapMax },
    levels: blocks.map((block) => block.level),
    indexes: blocks.map((block) => block.index),
    offsets: inline ? [] : blocks.map((block) => block.offset),
    lengths: blocks.map((block) => block.length),
    crcs: blocks.map((block) => block.crc),
    seconds: { ...seconds },
    counts: { ...counts },
    carries: [...(result.carries ?? [])],
    partialJson: result.partial === undefined ? '' : toPortable(result.partial),
  };
}

/**
 * The inverse of {@link writeTileResult}. Offsets are 0 where the bytes follow inline.
 * @throws bad-input where the lists of blocks differ in length
 */
export function readTileResult(commit: halotile.v1.TileCommit): TileResult {
  const { levels, indexes, offsets, lengths, crcs } = commit;
  const count = levels.length;
  const placed = offsets.length > 0;
  if ([indexes, lengths, crcs, ...(placed ? [offsets] : [])].some((list) => list.length !== count)) {
    throw badInput({
      what: 'lists of blocks differ in length',
      where: `commit of tile ${commit.tile} in stage ${commit.stage}`,
      expected: `${count} entries in each`,
    });
  }
  const blocks: StoredBlock[] = levels.map((level, i) => ({
    level,
    index: indexes[i]!,
    offset: placed ? offsets[i]! : 0,
    length: lengths[i]!,
    crc: crcs[i]!,
  }));
  return {
    task: { stage: commit.stage, tile: commit.tile, attempt: commit.attempt },
    part: commit.part,
    blocks,
    pixelCrc: commit.pixelCrc,
    rasterCrcTerm: commit.rasterCrcTerm,
    mapMax: commit.mapMax,
    ...(commit.carries.length > 0 ? { carries: commit.carries } : {}),
    ...(commit.partialJson === '' ? {} : { partial: fromPortable(commit.partialJson) }),
    seconds: filled<TileSeconds>(commit.seconds, ['read', 'decode', 'kernel', 'encode', 'write']),
    counts: filled<TileCounts>(commit.counts, [
      'bytesRead',
      'bytesWritten',
      'blocksDecoded',
      'inputPixels',
      'outputPixels',
    ]),
  };
}

function filled<T extends { [K in keyof T]: number }>(map: Record<string, number>, names: (keyof T & string)[]): T {
  const zeros = Object.fromEntries(names.map((name) => [name, 0]));
  return { ...zeros, ...map } as T;
}
