import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selfCheck } from '../../worker/kernels/backends/self-check.js';
import { REFERENCE_KERNELS, REFERENCE_PIXELS } from '../../worker/kernels/reference/index.js';
import { WasmArena, wasmKernels, wasmPixels } from '../../worker/kernels/wasm/index.js';

test('the self-check passes on this machine and notices one wrong sample', () => {
  const arena = new WasmArena();
  const kernels = wasmKernels(arena);
  const pixels = wasmPixels(arena);
  const checks = selfCheck({ arena, kernels, pixels });
  assert.ok(checks.length >= 54 && checks.every(({ passed }) => passed));

  const wrong = selfCheck({
    arena,
    kernels: {
      box: (input, output, operation, context) => {
        REFERENCE_KERNELS.box!(input, output, operation, context);
        output.samples[output.samples.length - 1]! += 1;
      },
    },
    pixels: REFERENCE_PIXELS,
  });
  assert.ok(wrong.every(({ kernel, passed }) => passed === kernel.startsWith('halve')));
});
