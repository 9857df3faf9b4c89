import type { JobResult } from '../coordinator/index.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { type JobFlags, machineOf, type RunFlags } from './job-options.js';
import { runLocally } from './local-run.js';
import { createProgress } from './progress.js';
import { describeResult } from './report.js';

/** Runs a job as a command does: progress on stderr, Ctrl-C leaves it resumable, the result on stdout. */
export async function runAsCommand(spec: JobSpec, flags: JobFlags & RunFlags): Promise<JobResult> {
  const interrupt = new AbortController();
  const onSignal = () => {
    // A second Ctrl-C does not wait for the tiles under way; the ledger bears that.
    if (interrupt.signal.aborted) process.exit(130);
    process.stderr.write('\nhalotile: finishing the tiles under way; press Ctrl-C again to stop at once\n');
    interrupt.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, now: () => performance.now() });
  try {
    const result = await runLocally(spec, {
      machine: machineOf(flags),
      durable: flags.durable,
      restart: flags.restart,
      signal: interrupt.signal,
      onProgress: (progress) =>
        bar.update({
          pixels: progress.pixelsDone,
          totalPixels: progress.pixelsTotal,
          resumedPixels: progress.pixelsResumed,
          bytes: progress.bytesRead + progress.bytesWritten,
        }),
    });
    bar.clear();
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : describeResult(result));
    return result;
  } finally {
    bar.clear();
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
