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
  /** Image pixels read for this task, halo included. */
  inputPixels: number;
  /** Pixels of the tile itself. */
  outputPixels: number;
}
