import { cellCount, cellRect } from '../geometry/grid.js';
import { area, type Rect } from '../geometry/rect.js';
import { type Corners, chainCorners, cornerTableBytes, withHalos } from '../operations/corners.js';
import { OPERATIONS } from '../operations/index.js';
import { chainPyramid, type Pyramid, pyramidInfo } from '../operations/pyramid.js';
import { type DType, SAMPLE_BYTES } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { couplingOf, linkChain, linkChainWith } from './chain.js';
import { filterStage, stageGrid, tileCount } from './levels.js';
import type { MemoryProjection, Plan } from './plan.js';
import { predictSeconds } from './tile-size.js';

/** Images that are read for corners: one for the table and, where radii change slowly, three to four for tiles. */
const CORNER_READS = 5;

/** What a job would do, in figures; `halotile plan` prints it. */
export interface PlanReport {
  readonly image: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly dtype: string;
  };
  readonly output: {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly dtype: DType;
    readonly levels: number;
    readonly block: number;
  };
  readonly operations: readonly {
    readonly name: string;
    readonly border: string;
    readonly byMap: boolean;
    readonly coupling: string;
    readonly numeric: string;
  }[];
  readonly stages: readonly {
    readonly kind: string;
    readonly tiles: number;
    readonly tile: number;
    readonly levels: readonly number[];
  }[];
  readonly tiles: number;
  /** Where the chain's first operations have a job of their own: how many, and the bytes of its result on scratch. */
  readonly first?: { readonly operations: number; readonly bytes: number };
  /** Where windows of some tiles are read by corners of the summed-area table: from which radius on, and its bytes. */
  readonly corners?: Corners & { readonly tableBytes: number };
  /** Where a Gaussian by map reads grids of the whole image: at which octaves, and their bytes. */
  readonly pyramid?: Pyramid & { readonly gridBytes: number };
  /** The largest map value': read from the map where `exact`, otherwise what its type and the options allow. */
  readonly mapMax: { readonly value: number; readonly exact: boolean };
  /**
   * Image pixels that the tiles read. `withMaxHalo` reads the largest halo around every tile, `withoutHalo`
   * none; `adaptive` is what this job reads, known only after a scan.
   */
  readonly inputPixels: { readonly withoutHalo: number; readonly withMaxHalo: number; readonly adaptive?: number };
  readonly bytes: {
    /** Decoded bytes of image and map that tiles read, at most; exact after a scan. */
    readonly read: number;
    /** What adaptive halos leave unread against one halo for all; only after a scan. */
    readonly saved?: number;
    /** The output before compression, overviews included. */
    readonly output: number;
  };
  readonly memory: MemoryProjection;
  /** A rough guess for a single box, by a model measured on two cores; compression is not in it. */
  readonly seconds?: number;
}

/**
 * The figures of a plan.
 *
 * @param mapMaxIn where the map may be read: the largest map value' in a rect, rounded where it means a radius
 */
export async function reportPlan(plan: Plan, mapMaxIn?: (rect: Rect) => Promise<number>): Promise<PlanReport> {
  const { image, output, operations, stages, levels, block, memory } = plan;
  const side = filterStage(plan).tileSide;
  const grid = stageGrid(filterStage(plan));
  const scan = mapMaxIn === undefined ? undefined : await scanTiles(plan, mapMaxIn);
  const mapMax = scan?.mapMax ?? plan.mapMaxBound;
  const byHalo = withHalos(operations);
  const corners = chainCorners(operations);
  const pyramid = chainPyramid(operations);
  let withMaxHalo = 0;
  let withOwnHalo = 0;
  for (let tile = 0; tile < cellCount(grid); tile++) {
    withMaxHalo += area(linkChainWith(byHalo, cellRect(grid, tile), image, mapMax)[0]!.input);
    withOwnHalo += area(linkChainWith(operations, cellRect(grid, tile), image, mapMax)[0]!.input);
  }
  const haloPx = Math.ceil((Math.sqrt(withMaxHalo / cellCount(grid)) - Math.sqrt(area(image) / cellCount(grid))) / 2);
  const pixelBytes = image.channels * SAMPLE_BYTES[image.dtype];
  const mapBytes = plan.map === undefined ? 0 : area(image) * SAMPLE_BYTES[plan.map.dtype];
  // What tiles read for corners follows from where these lie: at least the tiles, and seldom more than four times them.
  const adaptive = corners !== undefined ? undefined : plan.halo === 'max' ? withMaxHalo : scan?.inputPixels;
  return {
    image: { width: image.width, height: image.height, channels: image.channels, dtype: image.dtype },
    output: {
      ...{ width: output.width, height: output.height, channels: output.channels, dtype: output.dtype },
      ...{ levels: levels.length, block },
    },
    operations: operations.map((operation) => ({
      name: operation.name,
      border: operation.border,
      byMap: operation.byMap,
      coupling: couplingOf(operation),
      numeric: OPERATIONS[operation.name]!.numeric(image.dtype),
    })),
    stages: stages.map((stage) => ({
      kind: stage.kind,
      tiles: stage.across * stage.down,
      tile: stage.tileSide,
      levels: stage.levels,
    })),
    tiles: tileCount(stages),
    ...(plan.split && { first: { operations: plan.split.count, bytes: area(image) * pixelBytes } }),
    ...(corners && { corners: { ...corners, tableBytes: cornerTableBytes(image, corners) } }),
    ...(pyramid && { pyramid: { ...pyramid, gridBytes: gridBytes(image, pyramid) } }),
    mapMax: { value: mapMax, exact: scan !== undefined },
    inputPixels: { withoutHalo: area(image), withMaxHalo, adaptive },
    bytes: {
      read: (adaptive ?? (corners === undefined ? withOwnHalo : CORNER_READS * area(image))) * pixelBytes + mapBytes,
      saved: adaptive === undefined ? undefined : (withMaxHalo - adaptive) * pixelBytes,
      output: levels.reduce((sum, { across, down }) => sum + across * down, 0) * block * block * outputPixelBytes(plan),
    },
    memory,
    seconds:
      operations.length === 1 && operations[0]!.name === 'box' && corners === undefined
        ? predictSeconds({ image: output, threads: memory.threads, expectedHaloPx: haloPx }, side)
        : undefined,
  };
}

function gridBytes(image: RasterInfo, pyramid: Pyramid): number {
  const { width, height, channels } = pyramidInfo(image, pyramid);
  return width * height * channels;
}

async function scanTiles(
  plan: Plan,
  mapMaxIn: (rect: Rect) => Promise<number>,
): Promise<{ mapMax: number; inputPixels: number }> {
  const grid = stageGrid(filterStage(plan));
  let mapMax = 0;
  let inputPixels = 0;
  for (let tile = 0; tile < cellCount(grid); tile++) {
    const links = await linkChain(plan.operations, cellRect(grid, tile), plan.image, async (rect) => {
      const max = await mapMaxIn(rect);
      mapMax = Math.max(mapMax, max);
      return max;
    });
    inputPixels += area(links[0]!.input);
  }
  return { mapMax, inputPixels };
}

function outputPixelBytes({ output }: Plan): number {
  return output.channels * SAMPLE_BYTES[output.dtype];
}
