import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { WasmArena } from '../../worker/kernels/wasm/index.js';

test('the types of WebAssembly functions are those of the modules: their names, and how many numbers each takes', () => {
  const types = readFileSync(new URL('../../../worker/kernels/wasm/memory/modules.ts', import.meta.url), 'utf8');
  const { memory } = new WasmArena(1 << 20);
  let functions = 0;
  for (const [, name, body] of types.matchAll(/^ {2}readonly '([^']+)': \{\n([^}]*)\};$/gm)) {
    const typed = [...body!.matchAll(/readonly (\w+): \((.*)\) =>/g)].map(([, each, parameters]): [string, number] => {
      return [each!, parameters === '' ? 0 : parameters!.split(', ').length];
    });
    const path = fileURLToPath(new URL(`../../worker/kernels/wasm/${name}.wasm`, import.meta.url));
    const module = new WebAssembly.Module(readFileSync(path));
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    const built = Object.entries(exports).flatMap(([each, value]): [string, number][] => {
      return typeof value === 'function' ? [[each, value.length]] : [];
    });
    assert.deepEqual(new Map(typed.sort()), new Map(built.sort()), name);
    functions += built.length;
  }
  assert.ok(functions > 150, `${functions} functions`);
});
