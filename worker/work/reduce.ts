import { crc32 } from 'node:zlib';
import { toPortable } from '../../proto/convert/portable.js';
import { gatherPartial } from '../tile/gather-partial.js';
import type { Runner } from './runner.js';
import { figuresOf, openTile, placeOf } from './tiles.js';

/** Gathers one tile's term of a reduction. */
export const reduce: Runner<'reduce'> = async ({ task, data, open: openJob }) => {
  const open = openJob();
  const tile = openTile(open, task);
  const { raster: _, ...value } = await gatherPartial(open, tile.stage, placeOf(tile, data), tile.tally);
  return { value, crc: crc32(toPortable(value.partial)), ...figuresOf(tile) };
};
