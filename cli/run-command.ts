import type { JobResult } from '../coordinator/index.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { interruptible } from './interrupt.js';
import { type JobFlags, machineOf, type RunFlags } from './job-options.js';
import { runLocally } from './local-run.js';
import { createProgress } from './progress.js';
import { describeResult } from './report.js';

/** Runs a job as a command does: progress on stderr, Ctrl-C leaves it resumable, the result on stdout. */
export async function runAsCommand(spec: JobSpec, flags: JobFlags & RunFlags): Promise<JobResult> {
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, now: () => performance.now() });
  try {
    const result = await interruptible('the tiles under way', (signal) =>
      runLocally(spec, {
        machine: machineOf(flags),
        durable: flags.durable,
        restart: flags.restart,
        signal,
        onProgress: (progress) =>
          bar.update({
            pixels: progress.pixelsDone,
            totalPixels: progress.pixelsTotal,
            resumedPixels: progress.pixelsResumed,
            bytes: progress.bytesRead + progress.bytesWritten,
          }),
      }),
    );
    bar.clear();
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : describeResult(result));
    return result;
  } finally {
    bar.clear();
  }
}
