import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { CustomParams } from '../../../tiling/operations/custom.js';
import { checkModule } from '../../../tiling/operations/module/custom-module.js';
import { checkModuleApart } from '../../../worker/kernels/custom/check-apart.js';
import { runApart } from '../../../worker/kernels/custom/run-apart.js';
import { imageOf } from '../../conformance/box-tiles.js';
import { endlessFrom, HIDDEN_TABLE, trapBelow, wasmModule } from '../../support/wasm-module.js';
import type { FuzzTarget } from '../target.js';

const EXAMPLES = new URL('../../../examples/kernels/', import.meta.url);
const examples = readdirSync(EXAMPLES)
  .filter((name) => name.endsWith('.wasm'))
  .map((name) => new Uint8Array(readFileSync(new URL(name, EXAMPLES))));

/** Of modules that pass the check, every so many are run: a process each. */
const RUN_EVERY = 16;
const LIMIT_MS = 100;
const size = { width: 8, height: 6 };
const image = imageOf(size, { dtype: 'uint8', channels: 1 }, (x, y) => x + y);
let passed = 0;

/** Users' modules: the check, and of those that pass it the run in a process of its own. */
export const modules: FuzzTarget = {
  name: 'module',
  seeds: [
    ...examples,
    wasmModule(),
    wasmModule({ pixel: endlessFrom(4) }),
    wasmModule({ pixel: trapBelow(2) }),
    wasmModule({ pixel: HIDDEN_TABLE }),
    wasmModule({ sections: { 4: [1, 0x70, 1, 1, 8] } }),
  ],
  // Sections, limits, constants, growth, calls and branches.
  words: [
    [4, 4, 1, 0x70, 0, 16],
    [5, 3, 1, 0, 1],
    [0x40, 0],
    [0x3f, 0],
    [0xfc, 0x0a, 0, 0],
    [0xfd, 0x0c],
    [0x0e, 2, 0, 0, 0],
    [0x10, 0],
    [0x11, 0, 0],
    [0x03, 0x40, 0x0c, 0, 0x0b],
    [0xfe, 0x10],
    [0x06, 0x40],
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0x0b],
  ].map((word) => Uint8Array.from(word)),
  atLeast: { short: 300, long: 10_000 },
  run: async (bytes) => {
    const shape = checkModule(bytes, 'fuzzed.wasm');
    if (passed++ % RUN_EVERY !== 0) return;
    await checkModuleApart(bytes, 'fuzzed.wasm');
    const params: CustomParams = {
      module: 'fuzzed.wasm',
      footprint: 'rect:3x3',
      memberWeights: new Array(9).fill(1),
      data: [1],
      limitMs: LIMIT_MS,
      hash: createHash('sha256').update(bytes).digest('hex'),
      code: Buffer.from(bytes).toString('base64'),
      shape,
    };
    const operation = {
      name: 'custom',
      params: { ...params },
      border: 'clip',
      constantValue: 0,
      byMap: false,
    } as const;
    const output = imageOf(size, { dtype: 'uint8', channels: 1 }, () => 0);
    await runApart(image, output, operation, { image: size, alpha: 'none' });
  },
};
