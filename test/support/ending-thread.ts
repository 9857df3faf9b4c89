import { workerData } from 'piscina';

if (workerData === 'while it loads') process.exit(3);

/** Answers, ends its thread, or never returns. */
export default function answer(request: 'echo' | 'die' | 'hang'): string {
  if (request === 'die') process.exit(3);
  // Another thread ends this one.
  if (request === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return request;
}
