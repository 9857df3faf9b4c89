import type { ClusterResult } from '../library/cluster/cluster-run.js';
import { runLocally } from '../library/local-run.js';
import { machineOf } from '../library/machine.js';
import { badUsage } from '../tiling/errors.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { endpointOf } from './endpoint-options.js';
import { formatBytes, formatSeconds } from './format.js';
import { interruptible } from './interrupt.js';
import type { JobFlags, RunFlags } from './job-options.js';
import { printResult } from './print-result.js';
import { createProgress } from './progress.js';
import { describeResult } from './report.js';
import { refuseVerifyHere, verifyEveryOf } from './verify-share.js';

/**
 * Runs a job where the flags say: on this machine, or on a cluster.
 * @param toStandardOutput its output is sent there, so that what is said of it goes elsewhere
 */
export async function runAsCommand(
  spec: JobSpec,
  flags: JobFlags & RunFlags,
  { toStandardOutput = false }: { readonly toStandardOutput?: boolean } = {},
): Promise<void> {
  if (flags.shard !== undefined) throw badUsage({ what: '--shard of one image', expected: 'a job over many images' });
  if (flags.dryRun) return (await import('./dry-run.js')).dryRunImage(spec, flags);
  if (flags.coordinator === undefined) {
    refuseVerifyHere(flags);
    await runHere(spec, flags, toStandardOutput);
  } else await runThere(spec, flags.coordinator, flags);
}

async function runThere(spec: JobSpec, coordinator: string, flags: RunFlags): Promise<void> {
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
  // Loaded only here: a local run does without gRPC.
  const { runOnCluster } = await import('../library/cluster/cluster-run.js');
  try {
    const result = await interruptible({ underWay: 'the job on the cluster', graceSeconds: flags.grace }, (signal) =>
      runOnCluster(spec, {
        endpoint: endpointOf(coordinator, flags),
        restart: flags.restart,
        verifyEvery: verifyEveryOf(flags.verify),
        signal,
        onWarning: (what) => {
          bar.clear();
          process.stderr.write(`halotile: ${what}\n`);
        },
        onNote: (note) => {
          bar.clear();
          if (!quiet) process.stderr.write(`${note}\n`);
        },
        onProgress: ({ pixelsDone, pixelsTotal }) => bar.update({ pixels: pixelsDone, totalPixels: pixelsTotal }),
      }),
    );
    bar.clear();
    printResult(result, flags, describeClusterResult);
  } finally {
    bar.clear();
  }
}

function describeClusterResult({ output, job, tiles, bytes, crc, seconds }: ClusterResult): string {
  return (
    `${output}: ${formatBytes(bytes.output)}, ${tiles} tiles by job ${job}\n` +
    `  ${formatSeconds(seconds.total ?? 0)} on the cluster; CRC-32 of the pixels ${crc}\n`
  );
}

/** Runs a job as a command does: progress on stderr, Ctrl-C leaves it resumable, the result on stdout. */
async function runHere(spec: JobSpec, flags: JobFlags & RunFlags, toStandardOutput: boolean): Promise<void> {
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
  try {
    const result = await interruptible({ underWay: 'the tiles under way', graceSeconds: flags.grace }, (signal) =>
      runLocally(spec, {
        machine: machineOf(flags),
        backend: flags.backend,
        gpuMemoryMiB: flags.gpuMemory,
        onWarning: (what) => {
          bar.clear();
          process.stderr.write(`halotile: ${what}\n`);
        },
        durable: flags.durable,
        restart: flags.restart,
        callerWorks: true,
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
    if (!toStandardOutput) printResult(result, flags, describeResult);
    else if (!quiet) process.stderr.write(describeResult({ ...result, output: 'standard output' }));
  } finally {
    bar.clear();
  }
}
