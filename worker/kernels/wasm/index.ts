import type { KernelTable } from '../kernel.js';
import type { WasmArena } from './arena.js';
import { wasmBox } from './box.js';

export { arenaBytes, WasmArena } from './arena.js';

/** The WebAssembly kernels of one thread, compiled over its arena. Call once a thread. */
export function wasmKernels(arena: WasmArena): KernelTable {
  return { box: wasmBox(arena) };
}
