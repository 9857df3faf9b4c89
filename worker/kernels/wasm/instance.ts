import { readFileSync } from 'node:fs';
import type { WasmArena } from './arena.js';

/**
 * The exports of the module built from `assembly/NAME.ts`, over the arena's memory. Compiles synchronously:
 * threads do this once, at start. `T` states the exports' signatures; the assembly file is their source.
 */
export function instantiate<T extends Record<string, (...args: number[]) => number | undefined>>(
  arena: WasmArena,
  name: string,
): T {
  const module = new WebAssembly.Module(readFileSync(new URL(`${name}.wasm`, import.meta.url)));
  const instance = new WebAssembly.Instance(module, { env: { memory: arena.memory } });
  return instance.exports as unknown as T;
}
