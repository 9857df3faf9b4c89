import { readFileSync } from 'node:fs';
import type { WasmArena } from './arena.js';

/** A function of a module: addresses, counts and flags as numbers; its docstring stands in the assembly. */
export type WasmFunction = (...args: number[]) => number;

/**
 * The exports of the module built from `assembly/NAME.ts` (`box/box-wide`), over the arena's memory. Compiles synchronously:
 * threads do this once, at start. `names` are the functions that the caller uses.
 * @throws TypeError where the module lacks one, so that a stale build is known at start
 */
export function instantiate<N extends string>(
  arena: Pick<WasmArena, 'memory'>,
  name: string,
  names: readonly N[],
): Readonly<Record<N, WasmFunction>> {
  const module = new WebAssembly.Module(readFileSync(new URL(`../${name}.wasm`, import.meta.url)));
  const { exports } = new WebAssembly.Instance(module, { env: { memory: arena.memory } });
  for (const wanted of names) {
    if (typeof exports[wanted] !== 'function') throw new TypeError(`${name}.wasm has no function ${wanted}`);
  }
  return exports as Readonly<Record<N, WasmFunction>>;
}
