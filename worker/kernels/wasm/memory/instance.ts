import { readFileSync } from 'node:fs';
import type { WasmArena } from './arena.js';
import type { WasmModules } from './modules.js';

/** Several kernels have instances of one module. */
const COMPILED = new Map<keyof WasmModules, WebAssembly.Module>();

/**
 * The exports of the module built from `assembly/NAME.ts` (`box/box-wide`), over the arena's memory. Compiles synchronously:
 * threads do this once, at start. `names` are the functions that the caller uses.
 * @throws TypeError where the module lacks one, so that a stale build is known at start
 */
export function instantiate<M extends keyof WasmModules, N extends keyof WasmModules[M] & string>(
  arena: Pick<WasmArena, 'memory'>,
  name: M,
  names: readonly N[],
): Pick<WasmModules[M], N> {
  let module = COMPILED.get(name);
  if (module === undefined) {
    module = new WebAssembly.Module(readFileSync(new URL(`../${name}.wasm`, import.meta.url)));
    COMPILED.set(name, module);
  }
  const { exports } = new WebAssembly.Instance(module, { env: { memory: arena.memory } });
  for (const wanted of names) {
    if (typeof exports[wanted] !== 'function') throw new TypeError(`${name}.wasm has no function ${wanted}`);
  }
  return exports as unknown as Pick<WasmModules[M], N>;
}
