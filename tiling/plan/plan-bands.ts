import type { JobSpec } from '../job/job-spec.js';
import { bandRowsFor, FEWEST_BAND_ROWS } from '../operations/band/bands.js';
import type { Operation } from '../operations/index.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { coveringBlock } from './tile-size.js';

/** How a job in bands of full rows is divided. */
export interface BandPlan {
  readonly operations: readonly Operation[];
  readonly output: RasterInfo;
  readonly block: number;
  /** Rows of a band, a multiple of the block. */
  readonly tileSide: number;
  /** The output's width in whole blocks. */
  readonly tileWidth: number;
}

/** What depends on the height of the bands. */
export interface BandChoice {
  readonly image: RasterInfo;
  /** The chain, prepared for bands of so many rows. */
  readonly chainOf: (bandRows: number) => readonly Operation[];
  readonly outputOf: (operations: readonly Operation[]) => RasterInfo;
  readonly fits: (plan: BandPlan) => boolean;
}

/**
 * Bands as high as suits the image's width, or less where their memory does not fit. The output's blocks are no higher
 * than a band.
 */
export function planBands({ tile, block }: Pick<JobSpec, 'tile' | 'block'>, choice: BandChoice): BandPlan {
  for (let rows = Math.min(tile ?? block, bandRowsFor(choice.image)); ; rows = Math.ceil(rows / 32) * 16) {
    const plan = planOf(rows, block, choice);
    if (rows <= FEWEST_BAND_ROWS || choice.fits(plan)) return plan;
  }
}

function planOf(rows: number, largestBlock: number, { chainOf, outputOf }: BandChoice): BandPlan {
  const covering = coveringBlock(outputOf(chainOf(rows)));
  const block = Math.min(largestBlock, rows, covering);
  const tileSide = Math.floor(rows / block) * block;
  const operations = chainOf(tileSide);
  const output = outputOf(operations);
  return { operations, output, block, tileSide, tileWidth: Math.ceil(output.width / block) * block };
}
