import { existsSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type ImageChain, imageJobOf } from '../../tiling/job/dataset-spec.js';
import type { TileExecutor } from '../../tiling/job/execution.js';
import { type JobSpec, jobSpecSchema } from '../../tiling/job/job-spec.js';
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

/** How far the tiles of one large image are. */
export interface LargeProgress {
  readonly image: string;
  readonly tilesDone: number;
  readonly tilesTotal: number;
}

/** How images that are never held whole pass their chain. */
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
    return this.#inTurn(() => this.#make(frame, folder));
  }

  /**
   * Writes a finished picture as a tiled BigTIFF whose overviews hold samples of its own, no averages: as an image
   * job, so that it is whole or not there and a death costs no finished tile.
   * `name` stands for it in what is told of progress.
   * @throws HalotileError as an image job does
   */
  pyramid(name: string, picture: string, output: string): Promise<void> {
    const operations = [{ name: 'downscale', params: { factor: 1, method: 'nearest' } }];
    const spec = jobSpecSchema.parse({ image: picture, output, operations, nodata: 'none', mask: 'ignore' });
    return this.#inTurn(() => this.#run(spec, `${name} with overviews`));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      this.#options.gate.signal.throwIfAborted();
      return work();
    });
    this.#last = done.catch(() => {});
    return done;
  }

  async #run(spec: JobSpec, image: string): Promise<void> {
    const { tiles, gate, onProgress, now } = this.#options;
    await runJob({
      ...{ spec, executor: tiles.executor(), machine: tiles.machine, signal: gate.signal, now },
      onProgress: ({ tilesDone, tilesTotal }) => onProgress({ image, tilesDone, tilesTotal }),
    });
  }

  async #make({ path, map }: Frame, folder: string): Promise<RasterFile> {
    const { chain, tiles, digest } = this.#options;
    mkdirSync(folder, { recursive: true });
    if (chain === null) {
      const source = await openRaster(path, prepareOptions(tiles.machine, folder));
      source.close();
      return { path: source.name, info: source.info };
    }
    const files = [path, ...(map === undefined ? [] : [map])].map(fingerprintOf);
    const key = jobDigest({ digest, path, files }).slice(0, 24);
    const output = join(folder, `${key}.tif`);
    if (!existsSync(output)) await this.#run(imageJobOf(chain, { image: path, map, output }), basename(path));
    const source = openTiffSource(output);
    source.close();
    return { path: output, info: source.info };
  }
}
