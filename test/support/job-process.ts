import { runLocally } from '../../library/local-run.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';

/**
 * A job in a process of its own that says how far it is: `node job-process.js SPEC.json THREADS` prints a line
 * with the number of finished tiles before the first tile and after each one.
 */
const [spec, threads] = process.argv.slice(2);
await runLocally(jobSpecSchema.parse(JSON.parse(spec!)), {
  machine: { threads: Number(threads), memoryBytes: 512 << 20 },
  onProgress: ({ tilesDone }) => process.stdout.write(`${tilesDone}\n`),
});
