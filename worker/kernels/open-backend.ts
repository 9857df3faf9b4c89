import type { Backend } from './backend.js';
import { maskedByReference, pixelsMaskedByReference } from './mask-fallback.js';
import { HeapMemory } from './reference/heap-memory.js';
import { REFERENCE_KERNELS, REFERENCE_PIXELS } from './reference/index.js';
import { WasmArena, wasmKernels, wasmPixels } from './wasm/index.js';

/** Kernels in WebAssembly that leave masked pixels out themselves. */
const MASK_KERNELS = ['box', 'mean'];

/** A new backend of that name, for one thread; `maximumBytes` is what the linear memory of `wasm` may grow to. */
export function openBackend(name: Backend['name'], maximumBytes?: number): Backend {
  if (name === 'reference') {
    return { name, memory: new HeapMemory(), kernels: REFERENCE_KERNELS, pixels: REFERENCE_PIXELS };
  }
  const memory = new WasmArena(maximumBytes);
  const kernels = maskedByReference(wasmKernels(memory), MASK_KERNELS);
  return { name, memory, kernels, pixels: pixelsMaskedByReference(wasmPixels(memory)) };
}
