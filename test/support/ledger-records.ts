import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRecords } from '../../tiling/stitch/record-log.js';

/** Names of the epochs of a partial directory, oldest first. */
export function epochsOf(partial: string): string[] {
  return readdirSync(partial)
    .filter((name) => name.startsWith('epoch-'))
    .sort();
}

/** `stage/tile` of every whole tile record of all epochs, in the order of their writing. */
export function recordedTiles(partial: string): string[] {
  return epochsOf(partial).flatMap((epoch) =>
    readRecords(join(partial, epoch, 'ledger')).records.flatMap((record) => {
      const { type, stage, tileIndex } = record as { type: string; stage: number; tileIndex: number };
      return type === 'tile' ? [`${stage}/${tileIndex}`] : [];
    }),
  );
}
