import type { Backend } from '../backend.js';
import { PLAIN_CORNERS } from '../corners/index.js';
import { PARTIALS, REFERENCE_KERNELS, REFERENCE_PIXELS } from '../reference/index.js';
import { HeapMemory } from '../reference/samples/heap-memory.js';
import { WasmArena, wasmCorners, wasmKernels, wasmPartials, wasmPixels } from '../wasm/index.js';

/** A new backend of that name, for one thread; `maximumBytes` is what the linear memory of `wasm` may grow to. */
export function openBackend(name: Backend['name'], maximumBytes?: number): Backend {
  if (name === 'reference') {
    const kernels = {
      kernels: REFERENCE_KERNELS,
      pixels: REFERENCE_PIXELS,
      corners: PLAIN_CORNERS,
      partials: PARTIALS,
    };
    return { name, memory: new HeapMemory(), ...kernels };
  }
  const memory = new WasmArena(maximumBytes);
  return {
    ...{ name, memory, kernels: wasmKernels(memory), pixels: wasmPixels(memory) },
    ...{ corners: wasmCorners(memory), partials: wasmPartials(memory) },
  };
}
