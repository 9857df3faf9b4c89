/// <reference types="@webgpu/types" />
import type { DeviceSeconds } from '../../../../tiling/job/job-figures.js';

const QUERIES = 4;
const QUERY_BYTES = 8 * QUERIES;

/**
 * Timestamps around one chain's copies and passes. Only passes can carry them, so an empty one stands before the
 * copy in and another after the copy out.
 */
export class PassTimer {
  static get QUERY_USAGE(): number {
    return GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
  }

  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;

  constructor(device: GPUDevice, resolved: GPUBuffer) {
    this.#queries = device.createQuerySet({ type: 'timestamp', count: QUERIES });
    this.#resolved = resolved;
  }

  /** Before the copies in. */
  begin(encoder: GPUCommandEncoder): void {
    encoder.beginComputePass({ timestampWrites: { querySet: this.#queries, beginningOfPassWriteIndex: 0 } }).end();
  }

  /** For the pass that computes. */
  pass(): GPUComputePassTimestampWrites {
    return { querySet: this.#queries, beginningOfPassWriteIndex: 1, endOfPassWriteIndex: 2 };
  }

  /** After the copies out: the timestamps go to `offset` of the buffer that is read back. */
  end(encoder: GPUCommandEncoder, readback: GPUBuffer, offset: number): void {
    encoder.beginComputePass({ timestampWrites: { querySet: this.#queries, endOfPassWriteIndex: 3 } }).end();
    encoder.resolveQuerySet(this.#queries, 0, QUERIES, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, readback, offset, QUERY_BYTES);
  }

  /** The seconds between the timestamps that were read back. */
  seconds(mapped: ArrayBuffer, offset: number): DeviceSeconds {
    const view = new DataView(mapped, offset, QUERY_BYTES);
    const at = (query: number) => Number(view.getBigUint64(8 * query, true));
    // Clocks of copy and compute engines may differ by a little.
    const between = (from: number, to: number) => Math.max(0, at(to) - at(from)) / 1e9;
    return { upload: between(0, 1), compute: between(1, 2), download: between(2, 3) };
  }

  destroy(): void {
    this.#queries.destroy();
  }
}
