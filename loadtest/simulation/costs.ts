/** What one piece of work costs; times in milliseconds. */
export interface Costs {
  /** Of a worker's thread, a pixel: read, kernel, encode, write. */
  readonly pixelNs: number;
  /** Of a worker's thread, a tile, whatever its size. */
  readonly tileMs: number;
  /** Spread of what tiles take: the standard deviation of the logarithm. */
  readonly spread: number;
  /** Of a coordinator's main thread, a tile: its grant, its start and its commit. */
  readonly coordinatorMs: number;
  /** Of a coordinator's main thread, one heartbeat of one worker. */
  readonly heartbeatMs: number;
  /** One way between worker and coordinator. */
  readonly wayMs: number;
  /** Bytes of input, map and output, a pixel, by reference. */
  readonly bytesPerPixel: number;
  /** Of the storage that all share, bytes a second. */
  readonly storageBytesPerSecond: number;
}

/**
 * What does not depend on the work, from loadtest/bench/RESULTS.md (AMD EPYC, two cores): 3,308 tiles a processor second
 * at a coordinator, its threads included. `tileMs` and `heartbeatMs` are bounds; `wayMs` is a switch's.
 */
export const FIXED = {
  tileMs: 1,
  spread: 0.25,
  coordinatorMs: 1000 / 3308,
  heartbeatMs: 0.05,
  wayMs: 0.25,
} as const satisfies Partial<Costs>;

/**
 * Kinds of work, from the same place: processor time of a 15000×15000 RGB image by its map, overviews included, and the
 * bytes that it reads and writes. The last one stands for whatever is far slower than a box: wide medians, user kernels.
 */
export const WORK = {
  'box by map, uncompressed': { pixelNs: 9.6, bytesPerPixel: 8 },
  'box by map, deflate in and out': { pixelNs: 35.5, bytesPerPixel: 2 },
  'a filter of 500 ns a pixel, deflate': { pixelNs: 500, bytesPerPixel: 2 },
} as const satisfies Readonly<Record<string, Partial<Costs>>>;

/** Storage that clusters have; not measured here. */
export const STORAGE = {
  'a file server, 2.5 GB/s': { storageBytesPerSecond: 2.5e9 },
  'a parallel file system, 50 GB/s': { storageBytesPerSecond: 5e10 },
} as const satisfies Readonly<Record<string, Partial<Costs>>>;
