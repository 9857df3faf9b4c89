/// <reference types="@webgpu/types" />
import { HalotileError } from '../../../../tiling/errors.js';
import type { DeviceSeconds } from '../../../../tiling/job/job-figures.js';
import { type OpenedDevice, openDevice, overDeviceLimit } from '../device/adapter.js';
import { BufferPool } from '../device/buffer-pool.js';
import { DeviceRun } from '../device/device-run.js';
import type { DeviceWork } from '../device/device-work.js';
import { DEFAULT_DEVICE_BYTES, MemoryBudget } from '../device/memory-budget.js';
import { PassTimer } from '../device/pass-timer.js';
import { Programs } from '../device/programs.js';
import { GPU_KERNELS } from '../index.js';
import { aligned, bufferBytes, type ChainAnswer, type ChainRequest, fitsDevice } from './chain-request.js';
import { chainWork } from './chain-work.js';
import { checkVariant } from './self-check.js';

/**
 * A device that runs chains: several at a time, so that one is copied in while another is computed and a third
 * copied out. Pixels stay on the device from the first operation of a chain to the last.
 */
export class GpuDevice {
  readonly opened: OpenedDevice;
  /** Resolves with the reason when the device is gone; every call fails from then on. */
  readonly lost: Promise<string>;
  readonly #pool: BufferPool;
  readonly #programs: Programs;
  readonly #budget: MemoryBudget;
  readonly #checks = new Map<string, Promise<boolean>>();
  #gone: string | undefined;

  constructor(opened: OpenedDevice, memoryBytes = DEFAULT_DEVICE_BYTES) {
    this.opened = opened;
    this.#pool = new BufferPool(opened.device);
    this.#programs = new Programs(opened.device);
    this.#budget = new MemoryBudget(memoryBytes);
    this.lost = opened.device.lost.then(({ reason, message }) => {
      this.#gone = `the GPU was lost (${reason}: ${message})`;
      return this.#gone;
    });
  }

  /** The default device, or why there is none. */
  static async open(memoryBytes?: number): Promise<GpuDevice | { readonly reason: string }> {
    const opened = await openDevice();
    return 'reason' in opened ? opened : new GpuDevice(opened, memoryBytes);
  }

  /**
   * Runs a chain once each of its kernels has passed its self-check, at the kernel's first use.
   * @throws tile-failed where the device is lost
   */
  async answer(request: ChainRequest): Promise<ChainAnswer> {
    const refused = await this.refused(request.steps);
    if (refused.length > 0) return { kind: 'refused', variants: refused };
    return { kind: 'done', seconds: await this.compute(request) };
  }

  /** The kernel variants that a chain needs and this device does not give. */
  async refused(steps: ChainRequest['steps']): Promise<string[]> {
    const unfit = steps.filter((step) => !fitsDevice(step, this.opened.limits)).map(({ operation }) => operation.name);
    if (unfit.length > 0) return unfit;
    const variants = new Set(steps.flatMap((step) => GPU_KERNELS[step.operation.name]!.variants(step)));
    const passed = await Promise.all([...variants].map((variant) => this.passes(variant)));
    if (this.#gone !== undefined) throw new HalotileError('tile-failed', { what: this.#gone });
    return [...variants].filter((_, i) => !passed[i]);
  }

  /** Whether a variant of a kernel equals the reference on this device; computed once. */
  passes(variant: string): Promise<boolean> {
    let check = this.#checks.get(variant);
    if (check === undefined) {
      check = checkVariant(this, variant);
      this.#checks.set(variant, check);
    }
    return check;
  }

  /**
   * Runs a chain without asking whether its kernels are right.
   * @throws as {@link perform}
   */
  compute(request: ChainRequest): Promise<DeviceSeconds> {
    return this.perform(chainWork(request));
  }

  /**
   * Runs any work beside whatever else is under way.
   * @throws tile-failed where the device is lost, over-limit where the budget or the device has no room even for it alone
   */
  async perform(work: DeviceWork): Promise<DeviceSeconds> {
    const { deviceBytes } = work;
    if (deviceBytes > this.#budget.totalBytes) throw overDeviceLimit(`a tile needs ${deviceBytes} bytes of the device`);
    const lease = await this.#budget.lease(deviceBytes);
    try {
      return await this.#run(work);
    } catch (error) {
      if (this.#gone !== undefined) throw new HalotileError('tile-failed', { what: this.#gone }, { cause: error });
      if (!(error instanceof HalotileError) || error.tag !== 'over-limit') throw error;
    } finally {
      lease.release();
    }
    return this.#runAlone(work);
  }

  get isLost(): boolean {
    return this.#gone !== undefined;
  }

  /** Ends the device; chains under way fail. */
  destroy(): void {
    this.opened.device.destroy();
  }

  /** After an allocation failed: with nothing else in flight, and with less in flight from then on. */
  async #runAlone(work: DeviceWork): Promise<DeviceSeconds> {
    this.#budget.halve();
    const lease = await this.#budget.lease(Number.POSITIVE_INFINITY);
    try {
      this.#pool.trim();
      return await this.#run(work);
    } finally {
      lease.release();
    }
  }

  async #run(work: DeviceWork): Promise<DeviceSeconds> {
    const { device, limits, timestamps } = this.opened;
    const run = new DeviceRun({ device, limits, pool: this.#pool, programs: this.#programs });
    const timer = timestamps ? new PassTimer(device, await run.buffer(256, PassTimer.QUERY_USAGE)) : undefined;
    try {
      const sentBytes = aligned(work.sent.byteLength);
      const staging = await run.buffer(sentBytes, GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC);
      new Uint8Array(staging.getMappedRange()).set(work.sent);
      const copies: { readonly offset: number; readonly to: GPUBuffer; readonly bytes: number }[] = [];
      const result = await work.encode(run, async ({ offset, bytes }, heldBytes = bytes) => {
        const to = await run.storage(bufferBytes(heldBytes));
        copies.push({ offset, to, bytes: aligned(bytes) });
        return to;
      });
      const resultBytes = aligned(work.resultBytes);
      const readback = await run.buffer(resultBytes + 256, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);

      device.pushErrorScope('out-of-memory');
      device.pushErrorScope('validation');
      const encoder = device.createCommandEncoder();
      timer?.begin(encoder);
      for (const { offset, to, bytes } of copies) encoder.copyBufferToBuffer(staging, offset, to, 0, bytes);
      run.record(encoder, timer?.pass());
      encoder.copyBufferToBuffer(result, 0, readback, 0, resultBytes);
      timer?.end(encoder, readback, resultBytes);
      staging.unmap();
      device.queue.submit([encoder.finish()]);
      const scopes = Promise.all([device.popErrorScope(), device.popErrorScope()]);
      const [invalid, exhausted] = await scopes;
      if (exhausted !== null) throw overDeviceLimit(exhausted.message);
      if (invalid !== null) throw new HalotileError('tile-failed', { what: invalid.message, where: 'GPU' });

      await readback.mapAsync(GPUMapMode.READ);
      const mapped = readback.getMappedRange();
      work.take(new Uint8Array(mapped, 0, work.resultBytes));
      const seconds = timer?.seconds(mapped, resultBytes) ?? { upload: 0, compute: 0, download: 0 };
      readback.unmap();
      await staging.mapAsync(GPUMapMode.WRITE);
      run.finish();
      return seconds;
    } catch (error) {
      if (this.#gone === undefined) run.discard();
      throw error;
    } finally {
      timer?.destroy();
    }
  }
}
