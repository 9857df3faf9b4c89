/// <reference types="@webgpu/types" />
import type { DeviceLimits } from './adapter.js';
import type { BufferPool } from './buffer-pool.js';
import type { ProgramKey, Programs } from './programs.js';
import type { Uniforms } from './uniforms.js';

/** What the passes of a run are made with. */
export interface RunTools {
  readonly device: GPUDevice;
  readonly limits: DeviceLimits;
  readonly pool: BufferPool;
  readonly programs: Programs;
}

/** One compute pass, ready to be recorded. */
interface Pass {
  readonly pipeline: GPUComputePipeline;
  readonly entries: readonly GPUBindGroupEntry[];
  readonly groups: readonly [number, number];
}

/**
 * The commands of one tile's chain while they are put together. Buffers taken for it are given back by
 * {@link finish}, or freed by {@link discard} where it fails.
 */
export class DeviceRun {
  readonly tools: RunTools;
  readonly #buffers: GPUBuffer[] = [];
  readonly #passes: Pass[] = [];

  constructor(tools: RunTools) {
    this.tools = tools;
  }

  /** A storage buffer of at least `bytes` until the run is finished; its content is undefined. */
  async storage(bytes: number): Promise<GPUBuffer> {
    const { STORAGE, COPY_SRC, COPY_DST } = GPUBufferUsage;
    return this.buffer(bytes, STORAGE | COPY_SRC | COPY_DST);
  }

  /** A small storage buffer that holds `data`. */
  async constantData(data: Uint32Array<ArrayBuffer>): Promise<GPUBuffer> {
    const buffer = await this.storage(data.byteLength);
    this.tools.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  /**
   * Adds a pass.
   *
   * @param params the program's uniforms, of the file of it that declares them
   * @param bindings storage buffers by binding number; all that the entry point uses
   * @param groups workgroups across and down
   */
  async dispatch(
    program: ProgramKey,
    params: Uniforms,
    bindings: Readonly<Record<number, GPUBuffer>>,
    groups: readonly [number, number],
  ): Promise<void> {
    const { device, programs } = this.tools;
    if (!program.files.includes(params.file)) throw new TypeError(`${params.file} is no part of ${program.entry}`);
    const pipeline = await programs.pipeline(program);
    const uniforms = await this.buffer(
      Math.max(16, params.bytes.length),
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    device.queue.writeBuffer(uniforms, 0, params.bytes);
    const entries = Object.entries({ ...bindings, 0: uniforms }).map(([binding, buffer]) => ({
      binding: Number(binding),
      resource: { buffer },
    }));
    this.#passes.push({ pipeline, entries, groups });
  }

  /** Workgroups of 64 invocations for `invocations` that number themselves with `linearId`. */
  linearGroups(invocations: number): [number, number] {
    const groups = Math.ceil(invocations / 64);
    const across = Math.min(groups, this.tools.limits.workgroupsPerDimension);
    return [across, Math.ceil(groups / across)];
  }

  /** Records all passes so far into one timed compute pass. */
  record(encoder: GPUCommandEncoder, timestampWrites?: GPUComputePassTimestampWrites): void {
    const pass = encoder.beginComputePass(timestampWrites === undefined ? {} : { timestampWrites });
    for (const { pipeline, entries, groups } of this.#passes) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.tools.device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
      pass.dispatchWorkgroups(...groups);
    }
    pass.end();
  }

  /** Gives all buffers back; the device must have finished with them. */
  finish(): void {
    for (const buffer of this.#buffers.splice(0)) this.tools.pool.release(buffer);
  }

  /** Frees all buffers of a run that failed. */
  discard(): void {
    for (const buffer of this.#buffers.splice(0)) this.tools.pool.discard(buffer);
  }

  /** Any buffer of at least `bytes` until the run is finished. */
  async buffer(bytes: number, usage: GPUBufferUsageFlags): Promise<GPUBuffer> {
    const buffer = await this.tools.pool.acquire(bytes, usage);
    this.#buffers.push(buffer);
    return buffer;
  }
}
