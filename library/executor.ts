import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { HalotileError } from '../tiling/errors.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import type { KindName } from '../tiling/work/index.js';
import type { Executor } from '../tiling/work/task.js';
import { GpuExecutor, gpuLabels, MixedExecutor, ThreadPoolExecutor } from '../worker/index.js';

/**
 * What runs tiles: `wasm` the processor; `gpu` a GPU, software ones included, or an error; `auto` a real GPU beside
 * the processor where there is one, otherwise the processor.
 */
export const BACKENDS = ['auto', 'gpu', 'wasm'] as const;
/** One of {@link BACKENDS}. */
export type BackendChoice = (typeof BACKENDS)[number];

/** What executors are made for. */
export interface ExecutorChoice {
  readonly threads: number;
  /** As {@link ThreadPoolOptions.callerWorks}, where there is no GPU. */
  readonly callerWorks?: boolean;
  readonly backend: BackendChoice;
  /** What the processor's threads run: `reference` where WebAssembly did not pass its check; `wasm` where absent. */
  readonly kernels?: 'wasm' | 'reference';
  /** Begins the names of the part files of the GPU's first executor; the process where absent. */
  readonly name?: string;
  readonly gpu?: GpuOptions;
}

/** How a GPU is used. */
export interface GpuOptions {
  /** Device memory that all tiles in flight may take; 2 GiB where absent. */
  readonly memoryBytes?: number;
  /** Hears of losses, one sentence each. */
  readonly onLoss?: (what: string) => void;
}

/** Makes executors of one choice, at once, each for part files of its own name. */
export interface ExecutorFactory {
  readonly open: (name: string) => Executor;
  /** The kernel backends in them, the fastest first. */
  readonly backends: readonly string[];
  /** The GPU that takes part. */
  readonly gpu?: GpuExecutor['report'];
  /** For people: what GPU there is. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** The executor that a choice means on this machine. */
export async function openExecutor(
  { threads }: PlanMachine,
  backend: BackendChoice,
  { callerWorks, ...gpu }: GpuOptions & Pick<ExecutorChoice, 'callerWorks'> = {},
): Promise<Executor> {
  return (await executorFactory({ threads, callerWorks, backend, gpu })).open(processName());
}

/**
 * The means to open executors of a choice, again and again where they are replaced.
 * @throws not-ready where `gpu` is chosen and there is none
 */
export async function executorFactory({
  threads,
  callerWorks,
  backend,
  kernels = 'wasm',
  name = processName(),
  gpu: { memoryBytes, onLoss } = {},
}: ExecutorChoice): Promise<ExecutorFactory> {
  const onThreads = (count: number, name: string, callerWorks?: boolean) =>
    new ThreadPoolExecutor({ threads: count, callerWorks, backend: kernels, name });
  const processor: ExecutorFactory = { open: (name) => onThreads(threads, name, callerWorks), backends: [kernels] };
  if (backend === 'wasm' || (backend === 'auto' && !mayHaveGpu())) return processor;
  // Beside the processor a GPU gets half of the threads to read and encode for it.
  const readers = backend === 'gpu' ? threads : Math.ceil(threads / 2);
  const gpu = await GpuExecutor.open(
    { threads: readers, name: `${name}-gpu`, deviceBytes: memoryBytes },
    { onLoss, accept: (report) => backend === 'gpu' || (report.available && report.adapter.real) },
  );
  if (!(gpu instanceof GpuExecutor)) {
    if (backend === 'auto') return processor;
    throw new HalotileError('not-ready', {
      what: `there is no GPU to use: ${gpu.reason}`,
      where: '--backend gpu',
      remedy: 'see docs/gpu.md, or use --backend wasm',
    });
  }
  let first: GpuExecutor | undefined = gpu;
  const open = (name: string) => {
    const device = first ?? gpu.successor(`${name}-gpu`);
    first = undefined;
    return readers === threads ? device : new MixedExecutor([device, onThreads(threads - readers, name)]);
  };
  return { open, backends: ['webgpu', kernels], gpu: gpu.report, labels: gpuLabels(gpu.report, gpu.memoryBytes) };
}

/** Threads of this process, ready for what they expect; tiles where nothing is said. */
export function openThreads({ threads }: PlanMachine, expects?: readonly KindName[]): ThreadPoolExecutor {
  return new ThreadPoolExecutor({ threads, backend: 'wasm', name: processName(), expects });
}

/** Names this process's part files among those of others. */
export function processName(): string {
  return `${hostname().replace(/[^A-Za-z0-9-]/g, '-')}-${process.pid}`;
}

/** Whether looking for a GPU can find one: on Linux a driver shows its devices as files, elsewhere it must be tried. */
function mayHaveGpu(): boolean {
  if (process.platform !== 'linux') return true;
  const has = (folder: string, name: RegExp) => {
    try {
      return readdirSync(folder).some((entry) => name.test(entry));
    } catch {
      return false;
    }
  };
  return has('/dev', /^(nvidia\d|dxg$)/) || has('/dev/dri', /^renderD/);
}
