// Tries every parser of foreign bytes with mutated inputs, guided by the code that they reach:
// npm run fuzz -- [--seconds N a target] [--short] [--seed N] [--only NAME] [--replay FILE]
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { FuzzTarget } from './target.js';
import type { FuzzData, FuzzReport } from './target-thread.js';
import { TARGETS } from './targets/index.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string' },
    replay: { type: 'string' },
  },
});
const FINDINGS = 'dist/fuzz-findings';
const MAX_INPUT_BYTES = 1 << 20;
/** An input that takes longer hangs its parser. */
const HANG_MS = 20_000;
const MAX_RESIDENT_BYTES = 3 * 2 ** 30;
/** The short form's seconds for all targets together. */
const SHORT_SECONDS = 55;

const chosen = TARGETS.filter(({ name }) => values.only === undefined || name === values.only);
const perTarget = Number(values.seconds ?? (values.short ? SHORT_SECONDS / chosen.length : 300));
console.log(`seed ${values.seed}, ${perTarget.toFixed(1)} s a target`);
let findings = 0;
for (const [index, target] of chosen.entries()) await tryTarget(target, Number(values.seed) + index);
process.exitCode = findings === 0 && chosen.length > 0 ? 0 : 1;

async function tryTarget(target: FuzzTarget, seed: number): Promise<void> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const input = new Uint8Array(new SharedArrayBuffer(MAX_INPUT_BYTES));
  const data: FuzzData = {
    ...{ target: target.name, seed, untilMs: Date.now() + perTarget * 1000, state, input },
    atLeast: (values.short ? target.atLeast?.short : target.atLeast?.long) ?? 0,
    ...(values.replay !== undefined && { replay: new Uint8Array(readFileSync(values.replay)) }),
  };
  const report = await watched(new Worker(new URL('./target-thread.js', import.meta.url), { workerData: data }), state);
  const { runs, corpus, functions, missed, fault } = report;
  console.log(
    `${target.name}: ${runs} inputs, ${corpus} kept, ${functions} functions ran, ${missed} parts of them never`,
  );
  if (fault === undefined) return;
  findings++;
  const bytes = Uint8Array.from(input.subarray(0, state[0]));
  mkdirSync(FINDINGS, { recursive: true });
  const file = join(FINDINGS, `${target.name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`);
  writeFileSync(file, bytes);
  console.log(`  ${fault.split('\n').slice(0, 8).join('\n  ')}`);
  console.log(`  again: npm run fuzz -- --only ${target.name} --replay ${file}`);
}

/** The thread's report, or what became of it. */
async function watched(worker: Worker, state: Int32Array): Promise<FuzzReport> {
  let before = -1;
  let since = Date.now();
  const lost = (fault: string): FuzzReport => ({ runs: state[1]!, corpus: 0, functions: 0, missed: 0, fault });
  const report = await new Promise<FuzzReport>((resolve) => {
    const timer = setInterval(() => {
      const runs = Atomics.load(state, 1);
      if (runs !== before) {
        before = runs;
        since = Date.now();
      }
      if (Date.now() - since > HANG_MS) resolve(lost(`one input takes longer than ${HANG_MS} ms`));
      if (process.memoryUsage.rss() > MAX_RESIDENT_BYTES) resolve(lost(`${process.memoryUsage.rss()} bytes resident`));
    }, 250);
    worker.once('message', resolve);
    worker.once('error', (error) => resolve(lost(`the thread ended: ${error.stack}`)));
    worker.once('exit', () => {
      clearInterval(timer);
      resolve(lost('the thread ended'));
    });
  });
  await worker.terminate();
  return report;
}
