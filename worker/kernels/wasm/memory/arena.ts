import { HalotileError } from '../../../../tiling/errors.js';
import { type DType, SAMPLE_BYTES, type Samples, viewSamples } from '../../../../tiling/raster/dtype.js';

const PAGE_BYTES = 65536;
const MAXIMUM_BYTES = 2 ** 32;
const ALIGNMENT = 16;
/** The first bytes stay unused, so that no allocation is at address 0. */
const FIRST_ADDRESS = 64;
/** Kernels load whole vectors: up to 15 bytes beyond the last sample are read, never written. */
const SLACK_BYTES = 64;

/** Bytes that one allocation takes: its size rounded up to the alignment. */
export function arenaBytes(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/**
 * The linear memory of one thread, shared by all its WebAssembly modules, the reader that fills it and the
 * writer that drains it. Everything allocated lives until the next {@link reset}: one tile.
 */
export class WasmArena {
  readonly memory: WebAssembly.Memory;
  private base = FIRST_ADDRESS;
  private next = FIRST_ADDRESS;
  private limit = PAGE_BYTES - SLACK_BYTES;

  /** @param maximumBytes what the memory may grow to; 4 GiB is what it can address */
  constructor(maximumBytes = MAXIMUM_BYTES) {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: Math.ceil(maximumBytes / PAGE_BYTES) });
  }

  /** Address of `bytes` bytes that outlive every reset; for tables, before the first tile. */
  reserve(bytes: number): number {
    const address = this.base;
    this.base += arenaBytes(bytes);
    this.reset(0);
    return address;
  }

  /**
   * Forgets all allocations and makes room for `totalBytes` (the sum of {@link arenaBytes} of what follows).
   * Only this grows the memory, so views taken between two resets stay attached; older ones may not.
   * @throws over-limit where the memory cannot grow that far
   */
  reset(totalBytes: number): void {
    const pages = Math.ceil((this.base + totalBytes + SLACK_BYTES) / PAGE_BYTES);
    const missing = pages - this.memory.buffer.byteLength / PAGE_BYTES;
    if (missing > 0) this.grow(missing, totalBytes);
    this.next = this.base;
    this.limit = this.memory.buffer.byteLength - SLACK_BYTES;
  }

  /**
   * Address of `bytes` bytes, 16-byte aligned; what they hold is left over from earlier use.
   * @throws RangeError where the last reset asked for less, which is a fault of the caller
   */
  alloc(bytes: number): number {
    const address = this.next;
    const end = address + arenaBytes(bytes);
    if (end > this.limit) throw new RangeError(`arena of ${this.limit} bytes asked for ${end}`);
    this.next = end;
    return address;
  }

  /** A new allocation of `length` samples, as a view. */
  allocSamples(dtype: DType, length: number): Samples {
    return viewSamples(dtype, this.memory.buffer, this.alloc(length * SAMPLE_BYTES[dtype]), length);
  }

  /** What was allocated since the mark was taken is free again. */
  mark(): number {
    return this.next;
  }

  release(mark: number): void {
    this.next = mark;
  }

  /**
   * Address of samples that live in this memory.
   * @throws RangeError where they do not
   */
  addressOf(samples: Samples | Float64Array): number {
    if (samples.buffer !== this.memory.buffer) throw new RangeError('samples do not live in the arena of this thread');
    return samples.byteOffset;
  }

  private grow(pages: number, totalBytes: number): void {
    try {
      this.memory.grow(pages);
    } catch (cause) {
      throw new HalotileError(
        'over-limit',
        {
          what: `a tile needs ${totalBytes} bytes of memory in one thread, more than it can get`,
          expected: 'less than 4 GiB and what the machine has free',
          remedy: 'use a smaller --tile, fewer --threads or a smaller radius',
        },
        { cause },
      );
    }
  }
}
