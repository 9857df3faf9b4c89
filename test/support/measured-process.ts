import { runLocally } from '../../library/local-run.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import type { MemoryProjection } from '../../tiling/plan/plan.js';

/** What a measured process prints, as JSON. */
export interface MeasuredMemory {
  readonly projected: MemoryProjection;
  /** Largest resident set of the whole process, file mappings of the program included. */
  readonly peakBytes: number;
}

/** A job in a process of its own: `node measured-process.js SPEC.json THREADS` prints {@link MeasuredMemory}. */
const [spec, threads] = process.argv.slice(2);
let projected: MemoryProjection | undefined;
const { peakMemoryBytes } = await runLocally(jobSpecSchema.parse(JSON.parse(spec!)), {
  machine: { threads: Number(threads), memoryBytes: 512 << 20 },
  onPlan: ({ memory }) => {
    projected = memory;
  },
});
process.stdout.write(JSON.stringify({ projected: projected!, peakBytes: peakMemoryBytes } satisfies MeasuredMemory));
