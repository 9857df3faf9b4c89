import type { DatasetResult } from '../coordinator/index.js';
import type { ClusterDatasetResult } from '../library/cluster/cluster-dataset.js';
import { runDatasetLocally } from '../library/local-dataset.js';
import { machineOf } from '../library/machine.js';
import type { DatasetSpec } from '../tiling/job/dataset-spec.js';
import type { JobProgress } from '../tiling/job/job-progress.js';
import { type EndpointFlags, endpointOf } from './endpoint-options.js';
import { counted, formatBytes, formatSeconds, formatWhole } from './format.js';
import { interruptible } from './interrupt.js';
import type { JobFlags, RunFlags } from './job-options.js';
import { printResult } from './print-result.js';
import { createStatusLine } from './status-line.js';
import { refuseVerifyHere, verifyEveryOf } from './verify-share.js';

/** The flags that say how a dataset job runs. */
export type DatasetFlags = Pick<JobFlags, 'threads' | 'memory'> &
  Pick<RunFlags, 'json' | 'quiet' | 'restart' | 'dryRun' | 'coordinator' | 'verify' | 'grace'> &
  EndpointFlags;

/** Runs a dataset job where the flags say: on this machine, or on a cluster. */
export async function runDatasetAsCommand(job: DatasetSpec, flags: DatasetFlags): Promise<void> {
  if (flags.dryRun) return (await import('./dry-run.js')).dryRunDataset(job, flags);
  if (flags.coordinator === undefined) {
    refuseVerifyHere(flags);
    await runHere(job, flags);
  } else await runThere(job, flags.coordinator, flags);
}

async function runThere(job: DatasetSpec, coordinator: string, flags: DatasetFlags): Promise<void> {
  const quiet = flags.quiet === true || flags.json === true;
  const line = statusLine(quiet);
  // Loaded only here: a local run does without gRPC.
  const { runDatasetOnCluster } = await import('../library/cluster/cluster-dataset.js');
  try {
    const result = await interruptible({ underWay: 'the job on the cluster', graceSeconds: flags.grace }, (signal) =>
      runDatasetOnCluster(job, {
        endpoint: endpointOf(coordinator, flags),
        restart: flags.restart,
        verifyEvery: verifyEveryOf(flags.verify),
        signal,
        onNote: (note) => {
          line.clear();
          if (!quiet) process.stderr.write(`${note}\n`);
        },
        onProgress: line.show,
      }),
    );
    line.clear();
    printResult(result, flags, describeClusterDataset);
  } finally {
    line.clear();
  }
}

/** What a finished job on a cluster did, for people. */
export function describeClusterDataset(result: ClusterDatasetResult): string {
  const { output, job, frames, characters, seconds, report } = result;
  return `${writtenLine({ output, frames, characters })}\n  ${formatSeconds(seconds.total ?? 0)} on the cluster, job ${job}\n  ${report}\n`;
}

/** Runs a dataset job as a command does: progress on stderr, Ctrl-C leaves it resumable, the result on stdout. */
async function runHere(job: DatasetSpec, flags: DatasetFlags): Promise<void> {
  const line = statusLine(flags.quiet === true || flags.json === true);
  try {
    const machine = machineOf(flags);
    const restart = flags.restart === true;
    const result = await interruptible({ underWay: 'the frames under way', graceSeconds: flags.grace }, (signal) =>
      runDatasetLocally(job, { machine, restart, onProgress: line.show, signal }),
    );
    line.clear();
    printResult(result, flags, describe);
  } finally {
    line.clear();
  }
}

/** A line that says how far the job is. */
function statusLine(quiet: boolean): { show: (progress: JobProgress) => void; clear: () => void } {
  const nowMs = () => performance.now();
  const startMs = nowMs();
  const line = createStatusLine({ stream: process.stderr, quiet, nowMs });
  return {
    show: (progress) =>
      line.show(() => {
        const { imagesCounted, imagesDone, imagesTotal, charactersDone, charactersTotal } = progress;
        const rate = imagesCounted / ((nowMs() - startMs) / 1000);
        const text = `characters ${charactersDone}/${charactersTotal}  frames read ${imagesCounted}, written ${
          imagesDone
        } of ${imagesTotal}  ${rate.toFixed(0)} frames/s`;
        const { image, tilesDone, tilesTotal } = progress;
        return image === undefined ? text : `${text}  ${image}: tile ${tilesDone} of ${tilesTotal}`;
      }),
    clear: () => line.clear(),
  };
}

/** What a finished job did, for people. */
function describe({ output, characters, frames, seconds, bytes, peakMemoryBytes, report }: DatasetResult): string {
  return [
    writtenLine({ output, frames, characters }),
    `  ${formatSeconds(seconds.total)}; ${formatBytes(bytes.read)} read, ${formatBytes(bytes.written)} written; peak memory ${formatBytes(peakMemoryBytes)}`,
    `  ${report}`,
    '',
  ].join('\n');
}

function writtenLine({ output, frames, characters }: Omit<ClusterDatasetResult, 'job' | 'seconds' | 'report'>): string {
  const kept = frames.reused === 0 ? '' : `, ${formatWhole(frames.reused)} of them by earlier runs`;
  const failed = frames.failed === 0 ? '' : `; ${formatWhole(frames.failed)} not written, see the report`;
  const of = `${counted(frames.total, 'frame')} of ${counted(characters.total, 'character')}`;
  return `${output}: ${formatWhole(frames.written)} of ${of}${kept}${failed}`;
}
