import { parentPort } from 'node:worker_threads';
import { toErrorRecord } from '../../../tiling/errors.js';
import { customParams } from '../../../tiling/operations/custom.js';
import type { CustomTask } from './guard.js';
import { runModule } from './run-module.js';

// Runs users' modules for the thread that started this one, which waits on `signal` and ends this thread when a
// tile takes too long.

const compiled = new Map<string, WebAssembly.Module>();

parentPort!.on('message', ({ input, output, operation, context, signal, reply }: CustomTask) => {
  try {
    const { hash, code } = customParams(operation);
    let module = compiled.get(hash);
    if (module === undefined) {
      module = new WebAssembly.Module(Buffer.from(code, 'base64'));
      compiled.set(hash, module);
    }
    runModule(module, { input, output }, operation, context);
    reply.postMessage(undefined);
  } catch (error) {
    reply.postMessage(toErrorRecord(error, 'tile-failed'));
  }
  Atomics.store(signal, 0, 1);
  Atomics.notify(signal, 0);
});
