import type { Rect } from '../geometry/rect.js';
import type { ModuleShape } from '../operations/custom-module.js';
import type { Mapping } from '../plan/mapping.js';
import type { Plan } from '../plan/plan.js';
import type { CodecContext } from '../raster/block-source.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';

/** One try at one tile. */
export interface TileTask {
  readonly stage: number;
  /** Row-major index in the stage's grid. */
  readonly tile: number;
  /** 1-based. */
  readonly attempt: number;
  /** Overview stages only: where the blocks of the base level lie that this tile averages. */
  readonly reads?: readonly StoredRead[];
  /** Scans along rows only: what the tile to the left handed on. */
  readonly carries?: Carries;
  /** Of the coordinator's grant, where the tile is run for one. */
  readonly lease?: number;
}

/**
 * What a tile hands on to its right neighbour, for each operation of coupling `row` in chain order: float64
 * values, little-endian, as base64.
 */
export type Carries = readonly string[];

/** A stored block as a later stage finds it. */
export interface StoredRead extends StoredBlock {
  /** Path of the part file relative to the partial directory; empty for placed blocks. */
  readonly part: string;
}

/** How a worker reaches a coordinator. */
export interface CoordinatorEndpoint {
  /** HOST:PORT. */
  readonly address: string;
  readonly token?: string;
  /** PEM texts; the system's authorities where `ca` is absent. No TLS where the whole is absent. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** A raster of a job as its coordinator describes it to workers that cannot open the file. */
export interface RemoteRaster {
  /** What messages call it. */
  readonly name: string;
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  readonly codecContext: CodecContext;
  /** Whether pixels may be asked for by rect, without decoding. */
  readonly raw: boolean;
  /** As in a file's {@link SourceRef}, for workers that open the file themselves. */
  readonly directory?: number;
}

/** Where a worker finds the blocks of an input: in a file that it can open, or at the coordinator. */
export type SourceRef =
  /** `directory`: the image directory of a TIFF file, its main image where absent. */
  | { readonly kind: 'file'; readonly path: string; readonly directory?: number }
  | {
      readonly kind: 'coordinator';
      readonly endpoint: CoordinatorEndpoint;
      /** The coordinator's name of the job. */
      readonly job: string;
      readonly role: 'image' | 'mask' | 'map' | 'extra' | 'frame-raster';
      /** Of an extra: as the plan's operations name it. */
      readonly extra?: string;
      /** Of a raster that frames are read from: its task, and its position among the task's files. */
      readonly frame?: { readonly tile: number; readonly file: number };
      readonly raster: RemoteRaster;
    };

/**
 * Where a worker puts encoded blocks: appended to a part file of its own in the folder `epoch` of the partial
 * directory; for an uncompressed output, written at their final places in `file`; or handed to the
 * coordinator together with the tile's result.
 */
export type SinkRef =
  | { readonly kind: 'parts'; readonly partial: string; readonly epoch: string; readonly durable: boolean }
  | { readonly kind: 'placed'; readonly file: string; readonly durable: boolean }
  | { readonly kind: 'coordinator'; readonly endpoint: CoordinatorEndpoint; readonly job: string };

/** The processor as a job's bounded backend: WebAssembly and the reference kernels, the same everywhere. */
export const CPU_BACKEND = 'cpu';

/** A job as a worker needs it: data only, so that it crosses threads and machines. */
export interface TileJob {
  /** Unique among the jobs of an executor's life; caches are kept by it. */
  readonly key: string;
  readonly plan: Plan;
  readonly image: SourceRef;
  /** The image's transparency mask, where the plan has one. */
  readonly mask?: SourceRef;
  readonly map?: SourceRef;
  /** Images that operations name in their parameters, by path. */
  readonly extras: Readonly<Record<string, SourceRef>>;
  readonly sink: SinkRef;
  /**
   * Jobs with bounded operations only: what computes them, one of an executor's `boundedBackends`, so that every
   * tile of the job has the same roundings.
   */
  readonly boundedBackend?: string;
}

/** One encoded block that a tile put into storage. */
export interface StoredBlock {
  readonly level: number;
  /** Row-major among the level's blocks. */
  readonly index: number;
  readonly offset: number;
  readonly length: number;
  /** CRC-32 of the encoded bytes. */
  readonly crc: number;
}

/** Seconds of one tile by what they went into, one thread's wall time. */
export interface TileSeconds {
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

/** Counts of one tile; sums over a job are what `--json` reports. */
export interface TileCounts {
  /** Bytes read from storage, encoded. */
  bytesRead: number;
  bytesWritten: number;
  blocksDecoded: number;
  /** Image pixels read for this tile, halo included. */
  inputPixels: number;
  /** Pixels of the tile itself. */
  outputPixels: number;
}

/** What a finished attempt hands back: places and checks, no pixels. */
export interface TileResult {
  readonly task: TileTask;
  /** Name of the part file in the epoch's folder; empty for placed blocks. */
  readonly part: string;
  readonly blocks: readonly StoredBlock[];
  /** CRC-32 of the tile's level-base pixels in raster order, before encoding. */
  readonly pixelCrc: number;
  /** This tile's term of the whole image's raster-order CRC; terms combine by exclusive or. */
  readonly rasterCrcTerm: number;
  /** Reduce stages only: this tile's term of the reduction, JSON data. */
  readonly partial?: unknown;
  /** Scans along rows only: what the tile to the right needs. */
  readonly carries?: Carries;
  /** The largest map value' met. */
  readonly mapMax: number;
  readonly seconds: TileSeconds;
  readonly counts: TileCounts;
  /** Where a device computed part of the tile. */
  readonly device?: DeviceSeconds;
}

/** A map whose values must be known before a plan can be made. */
export interface MapScanJob {
  readonly key: string;
  /** How messages call the map: the user's file, whatever `map` was converted to. */
  readonly name: string;
  readonly map: SourceRef;
  readonly mapping: Mapping;
}

/** Runs tiles; one interface for threads of this process and for workers on other machines. */
export interface TileExecutor {
  /** How many attempts it works on at once. */
  readonly slots: number;
  /** The tile side that it works best with, where it differs from the planner's. */
  readonly preferredTile?: number;
  /** What it can compute bounded operations with, the best first; {@link CPU_BACKEND} alone where absent. */
  readonly boundedBackends?: readonly string[];
  /** Whether a backend that is not there may come later, so that a job which began on it waits. */
  readonly awaitsBackends?: boolean;
  /**
   * Runs one attempt. Attempts of one job may run in any order and at the same time.
   * @throws HalotileError as the tile's own failure; `tile-failed` where the thread died
   */
  runTile(job: TileJob, task: TileTask): Promise<TileResult>;
  /**
   * The largest map value' in `rect`, before rounding.
   * @throws bad-input that names the first pixel, row-major, whose value is negative or not finite
   */
  scanMap(job: MapScanJob, rect: Rect): Promise<number>;
  /**
   * Parses and compiles a user's module apart from every main thread, within limits of time and memory.
   * @throws bad-usage that says which rule it breaks
   */
  checkModule(bytes: Uint8Array, where: string): Promise<ModuleShape>;
  /** Forgets a job's caches and closes its files; users' kernels that still run for it are ended. */
  closeJob(key: string): Promise<void>;
  close(): Promise<void>;
}
