import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ImageChain, imageJobOf } from '../../tiling/job/dataset-spec.js';
import type { TileExecutor } from '../../tiling/job/execution.js';
import type { RasterFile } from '../../tiling/palette/frame-execution.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { openRaster } from '../../tiling/sources/open-raster.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { jobDigest } from '../../tiling/stitch/partial.js';
import { prepareOptions } from '../prepare-job.js';
import { runJob } from '../run-job.js';
import type { Frame } from './frame-list.js';
import type { TaskGate } from './task-gate.js';

/** Runs the tiles of images that are too large to be held. */
export interface TileRuns {
  /** Called at the first such image; the caller closes what it gave. */
  readonly executor: () => TileExecutor;
  readonly machine: PlanMachine;
}

/** How far the filter of one large image is. */
export interface LargeProgress {
  readonly image: string;
  readonly tilesDone: number;
  readonly tilesTotal: number;
}

export interface LargeImagesOptions {
  readonly tiles: TileRuns;
  /** Null where images need no filter. */
  readonly chain: ImageChain | null;
  /** Of everything beside the images that decides their pixels. */
  readonly digest: string;
  readonly gate: TaskGate;
  readonly onProgress: (progress: LargeProgress) => void;
  /** Seconds on a monotonic clock. */
  readonly now: () => number;
}

/**
 * Images after their chain as files that are read by rects. Each is an image job of its own, so that a death in
 * the middle costs no finished tile; one runs at a time, on all threads.
 */
export class LargeImages {
  readonly #options: LargeImagesOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: LargeImagesOptions) {
    this.#options = options;
  }

  /**
   * The finished image of a frame, made in `folder` where it is not there yet.
   * @throws HalotileError as an image job does
   */
  raster(frame: Frame, folder: string): Promise<RasterFile> {
    const raster = this.#last.then(() => this.#make(frame, folder));
    this.#last = raster.catch(() => {});
    return raster;
  }

  async #make({ path, map }: Frame, folder: string): Promise<RasterFile> {
    const { chain, tiles, digest, gate, onProgress, now } = this.#options;
    gate.signal.throwIfAborted();
    mkdirSync(folder, { recursive: true });
    if (chain === null) {
      const source = await openRaster(path, prepareOptions(tiles.machine, folder));
      source.close();
      return { path: source.name, info: source.info };
    }
    const files = [path, ...(map === undefined ? [] : [map])].map(fingerprintOf);
    const key = jobDigest({ digest, path, files }).slice(0, 24);
    const output = join(folder, `${key}.tif`);
    if (!existsSync(output)) {
      const image = basename(path);
      await runJob({
        spec: imageJobOf(chain, { image: path, map, output }),
        executor: tiles.executor(),
        machine: tiles.machine,
        signal: gate.signal,
        onProgress: ({ tilesDone, tilesTotal }) => onProgress({ image, tilesDone, tilesTotal }),
        now,
      });
    }
    const source = openTiffSource(output);
    source.close();
    return { path: output, info: source.info };
  }
}
