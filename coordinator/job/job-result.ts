import { cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { area } from '../../tiling/geometry/rect.js';
import { linkChainWith } from '../../tiling/plan/chain.js';
import { filterStage } from '../../tiling/plan/levels.js';
import type { Plan } from '../../tiling/plan/plan.js';
import type { DeviceSeconds, TaskResult, TaskSeconds } from '../../tiling/work/task.js';
import type { TileValue } from '../../tiling/work/tiles.js';

/** What a finished job hands back; `--json` prints it. */
export interface JobResult {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: string;
  readonly levels: number;
  /** Tiles of all stages; `resumed` of them were committed by earlier runs. */
  readonly tiles: { readonly total: number; readonly resumed: number; readonly side: number };
  /** The largest map value' that a tile of this run met. */
  readonly mapMax: number;
  /** Image pixels that this run's tiles read, against what one global halo would have read. */
  readonly halo: { readonly pixelsRead: number; readonly pixelsWithMaxHalo: number; readonly savedShare: number };
  /**
   * `total` is wall time; `read` to `write` are sums over threads, so that they may exceed it; `prepare` ends
   * with the plan, `assemble` covers assembly and publication.
   */
  readonly seconds: TaskSeconds & { readonly prepare: number; readonly assemble: number; readonly total: number };
  readonly bytes: { readonly read: number; readonly written: number; readonly output: number };
  /** Blocks decoded in this run, and on average per block of the inputs; 0 for inputs read without decoding. */
  readonly blocksDecoded: { readonly count: number; readonly perBlock: number };
  /** Where a GPU took part: seconds of its own clock, summed over tiles. */
  readonly device?: DeviceSeconds;
  readonly peakMemoryBytes: number;
  /** CRC-32 of the level-0 pixels in raster order, 8 hexadecimal digits. */
  readonly crc: string;
  readonly epoch: number;
}

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

  /** How many image pixels the run's tiles would have read with the job's largest reach on every side. */
  pixelsWithMaxHalo({ operations, image, output, stages }: Plan): number {
    const side = filterStage({ stages }).tile;
    const grid = gridOf(output, { width: side, height: side });
    return this.#filterTiles.reduce(
      (sum, tile) => sum + area(linkChainWith(operations, cellRect(grid, tile), image, this.mapMax)[0]!.input),
      0,
    );
  }
}
