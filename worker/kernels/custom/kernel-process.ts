// The process that parses, compiles and runs users' modules, for the thread that started it. A second thread does
// the work: this one passes messages on and ends the process when the one that started it is gone, whatever the
// module is doing.
import { Worker } from 'node:worker_threads';
import type { KernelAnswer, KernelQuestion } from './messages.js';

const thread = new Worker(new URL('./kernel-thread.js', import.meta.url), {
  // Pixels and linear memories lie outside this heap.
  resourceLimits: { maxOldGenerationSizeMb: Number(process.argv[2]), maxYoungGenerationSizeMb: 8 },
});
thread.on('message', (answer: KernelAnswer) => process.send!(answer));
thread.on('error', (error) => {
  process.stderr.write(error.message, () => process.exit(1));
});
process.on('message', (question: KernelQuestion) => thread.postMessage(question));
process.on('disconnect', () => process.exit(0));
