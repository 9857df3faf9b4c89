import { cellRect } from '../geometry/grid.js';
import { area } from '../geometry/rect.js';
import type { DeviceSeconds, JobFigures, TaskSeconds } from '../job/job-figures.js';
import { withHalos } from '../operations/corners.js';
import { linkChainWith } from '../plan/chain.js';
import { filterStage, stageGrid, tileCount } from '../plan/levels.js';
import type { Plan } from '../plan/plan.js';
import type { TaskResult } from '../work/task.js';
import type { TileValue } from '../work/tiles.js';

/** Sums over the tiles that one run computed. */
export class RunTotals {
  readonly seconds: TaskSeconds = { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 };
  device: DeviceSeconds | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  blocksDecoded = 0;
  inputPixels = 0;
  mapMax = 0;
  readonly #filterTiles: number[] = [];

  add({ task, value, seconds, counts, device }: TaskResult): void {
    const { mapMax = 0 } = (value ?? {}) as Partial<TileValue>;
    for (const key of Object.keys(this.seconds) as (keyof TaskSeconds)[]) this.seconds[key] += seconds[key];
    if (device !== undefined) {
      const { upload = 0, compute = 0, download = 0 } = this.device ?? {};
      this.device = {
        upload: upload + device.upload,
        compute: compute + device.compute,
        download: download + device.download,
      };
    }
    this.bytesRead += counts.bytesRead;
    this.bytesWritten += counts.bytesWritten;
    this.mapMax = Math.max(this.mapMax, mapMax);
    if (task.kind === 'overview') return;
    this.blocksDecoded += counts.blocksDecoded;
    if (task.kind === 'reduce') return;
    this.inputPixels += counts.inputPixels;
    this.#filterTiles.push(task.index);
  }

  /**
   * What is told of the finished job.
   * @param crc of the level-0 pixels
   */
  figures(plan: Plan, { crc, outputBytes }: { readonly crc: number; readonly outputBytes: number }): JobFigures {
    const { width, height, channels, dtype } = plan.output;
    const withMax = this.#pixelsWithMaxHalo(plan);
    const blocks = inputBlocks(plan);
    return {
      ...{ width, height, channels, dtype },
      levels: plan.levels.length,
      tiles: { total: tileCount(plan.stages), side: filterStage(plan).tileSide },
      mapMax: this.mapMax,
      halo: {
        pixelsRead: this.inputPixels,
        pixelsWithMaxHalo: withMax,
        savedShare: withMax === 0 ? 0 : 1 - this.inputPixels / withMax,
      },
      seconds: this.seconds,
      bytes: { read: this.bytesRead, written: this.bytesWritten, output: outputBytes },
      blocksDecoded: { count: this.blocksDecoded, perBlock: blocks === 0 ? 0 : this.blocksDecoded / blocks },
      ...(this.device && { device: this.device }),
      crc: crc.toString(16).padStart(8, '0'),
    };
  }

  /** How many image pixels the run's tiles would have read with the job's largest reach on every side. */
  #pixelsWithMaxHalo({ operations, image, stages }: Plan): number {
    const grid = stageGrid(filterStage({ stages }));
    const byHalo = withHalos(operations);
    return this.#filterTiles.reduce(
      (sum, tile) => sum + area(linkChainWith(byHalo, cellRect(grid, tile), image, this.mapMax)[0]!.input),
      0,
    );
  }
}

/** Blocks of the inputs that are read by decoding. */
function inputBlocks({ imageCache, imageLayout, image, maskCache, maskLayout, mapCache, mapLayout }: Plan): number {
  const planes = imageLayout.planar ? image.channels : 1;
  const ofImage = imageCache === undefined ? 0 : imageLayout.across * imageLayout.down * planes;
  const ofMask = maskCache === undefined ? 0 : maskLayout!.across * maskLayout!.down;
  return ofImage + ofMask + (mapCache === undefined ? 0 : mapLayout!.across * mapLayout!.down);
}
