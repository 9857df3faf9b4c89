import type { DeviceSeconds, TaskSeconds } from './task-figures.js';

/** What is known of an image when its output is written. */
export interface JobFigures {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: string;
  readonly levels: number;
  /** Tiles of all stages. */
  readonly tiles: { readonly total: number; readonly side: number };
  /** The largest map value' that a tile of this run met. */
  readonly mapMax: number;
  /** Image pixels that this run's tiles read, against what one global halo would have read. */
  readonly halo: { readonly pixelsRead: number; readonly pixelsWithMaxHalo: number; readonly savedShare: number };
  /** Sums over threads. */
  readonly seconds: TaskSeconds;
  readonly bytes: { readonly read: number; readonly written: number; readonly output: number };
  /** Blocks decoded in this run, and on average per block of the inputs; 0 for inputs read without decoding. */
  readonly blocksDecoded: { readonly count: number; readonly perBlock: number };
  /** Where a GPU took part: seconds of its own clock, summed over tiles. */
  readonly device?: DeviceSeconds;
  /** CRC-32 of the level-0 pixels in raster order, 8 hexadecimal digits. */
  readonly crc: string;
}
