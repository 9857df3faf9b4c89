import { emitLevels } from '../tile/emit-levels.js';
import { readStoredTile } from '../tile/read-stored.js';
import type { Runner } from './runner.js';
import { figuresOf, openTile } from './tiles.js';

/** Averages stored blocks into the levels above them. */
export const overview: Runner<'overview'> = async ({ task, data, open: openJob }) => {
  const open = openJob();
  open.sink.begin?.();
  const tile = openTile(open, task);
  const { stage, rect, tally } = tile;
  const raster = await readStoredTile(open, { level: stage.base, rect, blocks: data.blocks }, tally);
  const blocks = await emitLevels(open, raster, stage, tally);
  return { value: null, crc: 0, part: open.sink.part, blocks, ...figuresOf(tile) };
};
