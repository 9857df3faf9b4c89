import type { AdapterReport, DeviceLimits } from '../kernels/webgpu/device/adapter.js';

/** What was found when a GPU was looked for. */
export type GpuReport =
  | { readonly available: false; readonly reason: string }
  | {
      readonly available: true;
      readonly adapter: AdapterReport;
      readonly limits: DeviceLimits;
      /** Whether the device tells how long its work took. */
      readonly timestamps: boolean;
      /** Kernel variants held against the reference; none where only availability was asked for. */
      readonly kernels: readonly { readonly kernel: string; readonly passed: boolean }[];
    };

/** The device as jobs are pinned to it: two that may round differently never have the same name. */
export function backendName({ vendor, architecture, device, driver }: AdapterReport): string {
  return `webgpu ${[vendor, architecture, device, driver].filter((part) => part !== '').join(' ')}`;
}

/** The GPU's name for people. */
export function gpuName({
  adapter: { vendor, architecture, device },
}: GpuReport & { readonly available: true }): string {
  return [vendor, architecture, device].filter((part) => part !== '').join(' ');
}

/** What a worker says of its GPU when it joins. WebGPU names no total of memory, so this is what tiles may take of it. */
export function gpuLabels(
  report: GpuReport & { readonly available: true },
  memoryBytes: number,
): Record<string, string> {
  const mib = (bytes: number) => `${Math.floor(bytes / 2 ** 20)} MiB`;
  return {
    gpu: gpuName(report),
    'gpu driver': report.adapter.driver,
    'gpu memory': mib(memoryBytes),
    'gpu buffer': mib(report.limits.bufferBytes),
  };
}

/** The report as people read it. */
export function describeGpu(report: GpuReport): string {
  if (!report.available) return `GPU: none: ${report.reason}\n`;
  const { adapter, limits, timestamps, kernels } = report;
  const failed = kernels.filter(({ passed }) => !passed).map(({ kernel }) => kernel);
  const lines = [
    `GPU: ${gpuName(report)}`,
    `  driver: ${adapter.driver || 'not named'}${adapter.real ? '' : ' (computes on the processor: for tests)'}`,
    `  largest buffer: ${Math.floor(limits.bufferBytes / 2 ** 20)} MiB; timestamps: ${timestamps ? 'yes' : 'no'}`,
    `  kernels: ${kernels.length - failed.length} of ${kernels.length} equal the reference`,
    ...failed.map((kernel) => `    differs, runs on the processor: ${kernel}`),
  ];
  return `${lines.join('\n')}\n`;
}
