import { readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { HalotileError } from '../tiling/errors.js';
import type { TileExecutor } from '../tiling/job/execution.js';
import type { PlanMachine } from '../tiling/plan/plan-input.js';
import { GpuExecutor, MixedExecutor, ThreadPoolExecutor } from '../worker/index.js';

/**
 * What runs tiles: `wasm` the processor; `gpu` a GPU, software ones included, or an error; `auto` a real GPU beside
 * the processor where there is one, otherwise the processor.
 */
export const BACKENDS = ['auto', 'gpu', 'wasm'] as const;
export type BackendChoice = (typeof BACKENDS)[number];

/** The executor that a choice means on this machine; losses of a GPU are told to `onLoss`, one sentence each. */
export async function openExecutor(
  machine: PlanMachine,
  backend: BackendChoice,
  onLoss?: (what: string) => void,
): Promise<TileExecutor> {
  if (backend === 'wasm' || (backend === 'auto' && !mayHaveGpu())) return openThreads(machine);
  // Beside the processor a GPU gets half of the threads to read and encode for it.
  const threads = backend === 'gpu' ? machine.threads : Math.ceil(machine.threads / 2);
  const gpu = await GpuExecutor.open(
    { threads, name: `${processName()}-gpu` },
    { onLoss, accept: (report) => backend === 'gpu' || (report.available && report.adapter.real) },
  );
  if (!(gpu instanceof GpuExecutor)) {
    if (backend === 'auto') return openThreads(machine);
    throw new HalotileError('not-ready', {
      what: `there is no GPU to use: ${gpu.reason}`,
      where: '--backend gpu',
      remedy: 'see docs/gpu.md, or use --backend wasm',
    });
  }
  const rest = machine.threads - threads;
  return rest === 0 ? gpu : new MixedExecutor([gpu, openThreads({ ...machine, threads: rest })]);
}

/** Threads of this process that run tiles. */
export function openThreads({ threads }: PlanMachine): ThreadPoolExecutor {
  return new ThreadPoolExecutor({ threads, backend: 'wasm', name: processName() });
}

function processName(): string {
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
