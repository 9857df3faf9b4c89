/** Seconds of one task by what they went into, one thread's wall time. */
export interface TaskSeconds {
  read: number;
  decode: number;
  kernel: number;
  encode: number;
  write: number;
}

/** Seconds on a device by its own clock: copying in, computing, copying out; 0 where it cannot tell. */
export interface DeviceSeconds {
  upload: number;
  compute: number;
  download: number;
}

/** Counts of one task; sums over a job are what `--json` reports. */
export interface TaskCounts {
  /** Bytes read from storage, encoded. */
  bytesRead: number;
  bytesWritten: number;
  blocksDecoded: number;
  /** Blocks that a cache had decoded already. */
  blocksCached: number;
  /** Image pixels read for this task, halo included. */
  inputPixels: number;
  /** Pixels of the tile itself. */
  outputPixels: number;
}

/** Of a task that has read and written nothing yet. */
export function noCounts(): TaskCounts {
  return { bytesRead: 0, bytesWritten: 0, blocksDecoded: 0, blocksCached: 0, inputPixels: 0, outputPixels: 0 };
}

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
