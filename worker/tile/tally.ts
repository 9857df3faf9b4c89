import { type DeviceSeconds, noCounts, type TaskCounts, type TaskSeconds } from '../../tiling/job/job-figures.js';
import type { ReadCounts } from '../../tiling/sources/raster-reader.js';

/** Seconds and counts of one task while it runs. */
export class Tally {
  readonly seconds: TaskSeconds = { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 };
  readonly counts: TaskCounts = noCounts();
  /** What a device took of the kernel's seconds, by its own clock; absent where none ran. */
  device: DeviceSeconds | undefined;
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds on a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Adds the time that `work` takes, promises included. */
  timed<T>(stage: keyof TaskSeconds, work: () => T): T {
    const start = this.#nowMs();
    const result = work();
    if (!(result instanceof Promise)) {
      this.seconds[stage] += (this.#nowMs() - start) / 1000;
      return result;
    }
    return result.finally(() => {
      this.seconds[stage] += (this.#nowMs() - start) / 1000;
    }) as T;
  }

  /** Adds a chain's seconds on the device. */
  addDevice({ upload, compute, download }: DeviceSeconds): void {
    this.device ??= { upload: 0, compute: 0, download: 0 };
    this.device.upload += upload;
    this.device.compute += compute;
    this.device.download += download;
  }

  /** Adds what a read cost. */
  addRead(read: ReadCounts): void {
    this.seconds.read += read.readSeconds;
    this.seconds.decode += read.decodeSeconds;
    this.counts.bytesRead += read.bytesRead;
    this.counts.blocksDecoded += read.blocksDecoded;
    this.counts.blocksCached += read.blocksCached;
  }
}
