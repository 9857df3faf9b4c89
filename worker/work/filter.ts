import { bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { emitLevels } from '../tile/emit-levels.js';
import { converted } from '../tile/run-chain.js';
import type { Runner } from './runner.js';
import { chainOver, figuresOf, openTile } from './tiles.js';

/** Filters a tile and writes its blocks and those of the overviews that lie whole inside it. */
export const filter: Runner<'filter'> = async ({ task, data, open: openJob }) => {
  const open = openJob();
  open.sink.begin?.();
  const tile = openTile(open, task);
  const { stage, rect, tally } = tile;
  const { raster: result, mapMax, carries } = await chainOver(tile, data);
  const raster = tally.timed('kernel', () => converted(open, result, open.plan.output.dtype));
  const strideBytes = raster.stride * SAMPLE_BYTES[raster.dtype];
  const { term, crc } = tally.timed('encode', () => open.rasterCrc.term(rect, bytesOf(raster.samples), strideBytes));
  const blocks = await emitLevels(open, raster, stage, tally);
  return { value: { rasterCrcTerm: term, mapMax, carries }, crc, part: open.sink.part, blocks, ...figuresOf(tile) };
};
