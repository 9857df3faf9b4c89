import type { Size } from '../geometry/rect.js';
import type { JobSpec } from '../job/job-spec.js';
import type { ChainSplit } from '../job/split-job.js';
import type { Operation } from '../operations/descriptor.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import type { Mapping } from './mapping.js';
import type { Picture } from './picture.js';

/** One resolution of the output: level 0 is full size, each further one half of it, sizes rounded up. */
export interface LevelPlan extends Size {
  /** Output blocks of this level, row-major. */
  readonly across: number;
  readonly down: number;
}

/**
 * One pass over tiles; a barrier lies between stages. A `reduce` stage runs the chain up to one operation and
 * gathers a partial from each tile, without writing. A `filter` stage runs the chain and writes its tile at
 * level 0 and every level that lies whole inside the tile. An `overview` stage reads stored blocks of
 * `base` and writes `levels`. Tile sides are in pixels of level `base`.
 */
export interface StagePlan {
  readonly kind: 'reduce' | 'filter' | 'overview';
  /** `reduce`: index of the operation whose parameters this pass completes. */
  readonly operation?: number;
  /** The pixels that its tiles divide. */
  readonly size: Size;
  readonly base: number;
  /** Levels that this stage writes, ascending. */
  readonly levels: readonly number[];
  readonly tileSide: number;
  /** Of bands of full rows: their width, where `tileSide` is their height. Tiles are squares where absent. */
  readonly tileWidth?: number;
  readonly across: number;
  readonly down: number;
  /** Tiles run in vertical bands of this many columns. */
  readonly bandTiles: number;
}

/** How output blocks are encoded. */
export interface Encoding {
  readonly codec: JobSpec['compression']['codec'];
  readonly level: number;
  readonly quality: number;
  /** TIFF predictor: 1 none, 2 horizontal differences, 3 floating point. */
  readonly predictor: 1 | 2 | 3;
  /** Deflate in gzip's wrapper, as Zarr has it, and not in zlib's. */
  readonly gzip?: true;
}

/** A cache of decoded blocks of one raster, shared by the threads of a process. */
export interface CachePlan {
  readonly slots: number;
  readonly slotBytes: number;
}

/** Bytes that one worker holds at most, by what holds them. */
export interface MemoryProjection {
  /** Memory of one tile: rasters, map, levels and kernel scratch. */
  readonly linearBytes: number;
  /** That and what a thread itself takes. */
  readonly perThreadBytes: number;
  readonly blockCacheBytes: number;
  readonly baseBytes: number;
  readonly threads: number;
  readonly totalBytes: number;
}

/**
 * A whole job as data: everything that tiles, their reads and the output file follow from. Two equal plans
 * over equal inputs give equal pixels.
 */
export interface Plan {
  /** The chain's first operations have a job of their own; the plan is of the others, over its result. */
  readonly split?: ChainSplit;
  readonly image: RasterInfo;
  readonly imageLayout: BlockLayout;
  /** The image's transparency mask, uint8, 0 where masked; the output has one too where it is present. */
  readonly mask?: RasterInfo;
  readonly maskLayout?: BlockLayout;
  readonly map?: RasterInfo;
  readonly mapLayout?: BlockLayout;
  readonly output: RasterInfo;
  readonly operations: readonly Operation[];
  readonly mapping: Mapping;
  readonly halo: JobSpec['halo'];
  /** The largest map value' that the types and options allow, or that `--scan` found. */
  readonly mapMaxBound: number;
  readonly block: number;
  readonly levels: readonly LevelPlan[];
  readonly stages: readonly StagePlan[];
  readonly encoding: Encoding;
  /** Overviews are parts of their image's directory (tag 330), as OME-TIFF has them, and no links of the chain. */
  readonly subDirectories?: true;
  /** The blocks become chunks of an OME-Zarr image and not of a TIFF. */
  readonly isZarr?: true;
  /** What the output is written as in place of a TIFF. */
  readonly picture?: Picture;
  /** Caches of decoded blocks; absent where samples are read without decoding. */
  readonly imageCache?: CachePlan;
  readonly maskCache?: CachePlan;
  readonly mapCache?: CachePlan;
  readonly memory: MemoryProjection;
}
