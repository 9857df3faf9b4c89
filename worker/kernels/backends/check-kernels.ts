import { WasmArena, wasmKernels, wasmPixels } from '../wasm/index.js';
import { type SelfCheck, selfCheck } from './self-check.js';

/** The WebAssembly kernels of this machine held against the reference, in some tens of milliseconds. */
export function checkKernels(): SelfCheck[] {
  const arena = new WasmArena();
  return selfCheck({ arena, kernels: wasmKernels(arena), pixels: wasmPixels(arena) });
}

/** What a check found, for people: one line that names what failed. */
export function describeKernels(checks: readonly SelfCheck[]): string {
  const failed = checks.filter(({ passed }) => !passed).map(({ kernel }) => kernel);
  const equal = `${checks.length - failed.length} of ${checks.length} WebAssembly kernel checks equal the reference`;
  return failed.length === 0 ? `processor: ${equal}` : `processor: ${equal}; not ${failed.join(', ')}`;
}
