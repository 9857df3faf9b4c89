/// <reference types="@webgpu/types" />
import { overDeviceLimit } from './adapter.js';

/** Buffers of a device by use, kept between tiles: making one anew costs more than filling it. */
export class BufferPool {
  readonly #device: GPUDevice;
  readonly #free = new Map<string, GPUBuffer[]>();
  #heldBytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes of all buffers, those in use and those kept. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * A buffer of at least `bytes`, holding whatever it held before. Staging buffers for uploads come mapped.
   * @throws over-limit where the device has no room, after what was kept has been freed
   */
  async acquire(bytes: number, usage: GPUBufferUsageFlags): Promise<GPUBuffer> {
    const size = sizeClass(bytes);
    const kept = this.#free.get(`${usage}/${size}`)?.pop();
    if (kept !== undefined) return kept;
    return (await this.#create(size, usage)) ?? this.#createAfterTrim(size, usage);
  }

  /** Takes back a buffer that no pending work uses; upload staging must be mapped again. */
  release(buffer: GPUBuffer): void {
    const key = `${buffer.usage}/${buffer.size}`;
    const kept = this.#free.get(key);
    if (kept === undefined) this.#free.set(key, [buffer]);
    else kept.push(buffer);
  }

  /** Frees a buffer of failed work: whether it is mapped, or in use, nobody knows. */
  discard(buffer: GPUBuffer): void {
    this.#heldBytes -= buffer.size;
    buffer.destroy();
  }

  /** Frees every buffer that is not in use. */
  trim(): void {
    for (const buffer of [...this.#free.values()].flat()) this.discard(buffer);
    this.#free.clear();
  }

  async #createAfterTrim(size: number, usage: GPUBufferUsageFlags): Promise<GPUBuffer> {
    this.trim();
    const buffer = await this.#create(size, usage);
    if (buffer === undefined) throw overDeviceLimit(`the device has no room for a buffer of ${size} bytes`);
    return buffer;
  }

  async #create(size: number, usage: GPUBufferUsageFlags): Promise<GPUBuffer | undefined> {
    this.#device.pushErrorScope('out-of-memory');
    this.#device.pushErrorScope('validation');
    let buffer: GPUBuffer | undefined;
    try {
      buffer = this.#device.createBuffer({ size, usage, mappedAtCreation: (usage & GPUBufferUsage.MAP_WRITE) !== 0 });
    } catch {
      // A mapping that does not fit into this process's memory is thrown, not reported.
    }
    const [invalid, exhausted] = await Promise.all([this.#device.popErrorScope(), this.#device.popErrorScope()]);
    if (buffer === undefined || invalid !== null || exhausted !== null) return undefined;
    this.#heldBytes += size;
    return buffer;
  }
}

/** Sizes are rounded up to an eighth of their power of two, so that tiles of nearly one size share buffers. */
export function sizeClass(bytes: number): number {
  const grain = Math.max(256, 2 ** Math.floor(Math.log2(Math.max(1, bytes))) / 8);
  return Math.ceil(bytes / grain) * grain;
}
