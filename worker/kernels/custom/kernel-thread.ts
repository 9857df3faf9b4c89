import { parentPort } from 'node:worker_threads';
import { toErrorRecord } from '../../../tiling/errors.js';
import { checkModule } from '../../../tiling/operations/module/custom-module.js';
import { allocateSamples, bytesOf } from '../../../tiling/raster/dtype.js';
import type { KernelAnswer, KernelQuestion, ModuleTile } from './messages.js';

// Does what a kernel process is asked, one question after the other.

const say = (answer: KernelAnswer) => parentPort!.postMessage(answer);
let module: WebAssembly.Module | undefined;

parentPort!.on('message', (question: KernelQuestion) => {
  answer(question).then(say, (error: unknown) => {
    const place = question.kind === 'check' ? { file: question.file } : {};
    say({ kind: 'error', error: toErrorRecord(error, 'kernel-failed', place) });
  });
});
say({ kind: 'ready' });

async function answer(question: KernelQuestion): Promise<KernelAnswer> {
  if (question.kind === 'check') {
    const { bytes, file } = question;
    const shape = checkModule(bytes, file);
    new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    return { kind: 'checked', shape };
  }
  if (question.code !== undefined) module = new WebAssembly.Module(question.code as Uint8Array<ArrayBuffer>);
  return { kind: 'tile', samples: await run(module!, question.tile) };
}

async function run(compiled: WebAssembly.Module, { input, output, operation, context }: ModuleTile) {
  // A check needs none of this.
  const { runModule } = await import('./run-module.js');
  const { rect, dtype, channels } = output;
  const stride = rect.width * channels;
  const samples = allocateSamples(dtype, stride * rect.height);
  say({ kind: 'begun' });
  runModule(compiled, { input, output: { rect, dtype, channels, stride, samples } }, operation, context);
  say({ kind: 'ran' });
  return bytesOf(samples);
}
