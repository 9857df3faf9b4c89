/// <reference types="@webgpu/types" />
import { HalotileError } from '../../../../tiling/errors.js';

/** What an adapter says of itself. */
export interface AdapterReport {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  /** The driver and its version. */
  readonly driver: string;
  /** False for one that computes on the processor, which is for tests. */
  readonly real: boolean;
}

/** Limits that decide what fits on the device. */
export interface DeviceLimits {
  /** The largest buffer that a kernel can be given, in bytes. */
  readonly bufferBytes: number;
  readonly workgroupStorageBytes: number;
  readonly workgroupsPerDimension: number;
}

/** A device, what it is and what it can hold. */
export interface OpenedDevice {
  readonly device: GPUDevice;
  readonly adapter: AdapterReport;
  readonly limits: DeviceLimits;
  /** Whether passes can be timed on the device itself. */
  readonly timestamps: boolean;
}

/**
 * Programs here write all workgroup memory that they read, so clearing it first is time lost; a software adapter
 * spends seconds compiling that. Timestamps come in steps of 65 µs unless asked otherwise, which is how browsers keep
 * pages from timing each other, and longer than many a pass.
 */
const DAWN_FLAGS = ['enable-dawn-features=disable_workgroup_init', 'disable-dawn-features=timestamp_quantization'];

/** Dawn ends with the object that made the adapter, so one is kept for the life of the process. */
let gpu: GPU | undefined;

/**
 * The default device of this machine, or why there is none. Must run in a process's main thread: Dawn crashes in
 * worker threads. `gpu.destroy()` before the process exits.
 */
export async function openDevice(): Promise<OpenedDevice | { readonly reason: string }> {
  const adapter = await requestAdapter();
  if ('reason' in adapter) return adapter;
  const { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize } = adapter.limits;
  const timestamps = adapter.features.has('timestamp-query');
  const device = await adapter.requestDevice({
    requiredFeatures: timestamps ? ['timestamp-query'] : [],
    requiredLimits: { maxBufferSize, maxStorageBufferBindingSize, maxComputeWorkgroupStorageSize },
  });
  const { vendor, architecture, device: model, description } = adapter.info;
  return {
    device,
    adapter: { vendor, architecture, device: model, driver: description, real: !adapter.info.isFallbackAdapter },
    limits: {
      // Offsets into samples are 32-bit numbers.
      bufferBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize, 2 ** 32 - 4),
      workgroupStorageBytes: maxComputeWorkgroupStorageSize,
      workgroupsPerDimension: device.limits.maxComputeWorkgroupsPerDimension,
    },
    timestamps,
  };
}

async function requestAdapter(): Promise<GPUAdapter | { readonly reason: string }> {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    gpu ??= create(DAWN_FLAGS);
    return (await gpu.requestAdapter()) ?? { reason: 'no GPU adapter was found (is a Vulkan driver installed?)' };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') {
      return { reason: 'the package webgpu, which brings a GPU to Node, is not there; npm install webgpu' };
    }
    return { reason: `the package webgpu cannot be used here (${error instanceof Error ? error.message : error})` };
  }
}

/** The error of work that a device cannot take for want of memory. */
export function overDeviceLimit(what: string): HalotileError {
  return new HalotileError('over-limit', { what, where: 'GPU', remedy: 'use a smaller --tile or --backend wasm' });
}
