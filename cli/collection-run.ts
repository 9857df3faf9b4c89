import type { CollectionProgress, CollectionResult } from '../coordinator/index.js';
import type { ClusterCollectionResult } from '../library/cluster/cluster-collection.js';
import { runCollectionLocally } from '../library/local-collection.js';
import { machineOf } from '../library/machine.js';
import { badUsage } from '../tiling/errors.js';
import type { CollectionSpec } from '../tiling/job/collection-spec.js';
import { endpointOf } from './endpoint-options.js';
import { counted, formatBytes, formatSeconds, formatWhole } from './format.js';
import { interruptible } from './interrupt.js';
import type { JobFlags, RunFlags } from './job-options.js';
import { printResult } from './print-result.js';
import { createProgress } from './progress.js';
import { refuseVerifyHere, verifyEveryOf } from './verify-share.js';

/** The exit code of a job that skipped some of its images. */
export const SKIPPED_EXIT_CODE = 3;
/** Failures, of which the report has all, and warnings that are listed. */
const LISTED = 20;

/** Runs a job over many images as a command does: progress on stderr, Ctrl-C leaves it resumable, the result on stdout. */
export async function runCollectionAsCommand(job: CollectionSpec, flags: JobFlags & RunFlags): Promise<void> {
  if (flags.dryRun) return (await import('./dry-run.js')).dryRunCollection(job, flags);
  if (flags.coordinator !== undefined) {
    if (flags.shard === undefined) return runThere(job, flags.coordinator, flags);
    throw badUsage({
      what: '--shard and --coordinator',
      expected: 'one of them: a coordinator shares work out by itself',
    });
  }
  refuseVerifyHere(flags);
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
  let listed = 0;
  const { say, warn, sayRest } = sayingOver(bar);
  try {
    const result = await interruptible({ underWay: 'the tiles under way', graceSeconds: flags.grace }, (signal) =>
      runCollectionLocally(job, {
        machine: machineOf(flags),
        backend: flags.backend,
        gpuMemoryMiB: flags.gpuMemory,
        onWarning: warn,
        durable: flags.durable,
        restart: flags.restart,
        shard: flags.shard,
        signal,
        onFault: ({ message }) => {
          if (listed++ < LISTED) say(message);
        },
        onProgress: (progress) => bar.update(shownProgress(progress)),
      }),
    );
    bar.clear();
    sayRest();
    printResult(result, flags, describe);
    if (result.images.failed > 0) process.exitCode = SKIPPED_EXIT_CODE;
  } finally {
    bar.clear();
  }
}

async function runThere(job: CollectionSpec, coordinator: string, flags: RunFlags): Promise<void> {
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
  const { warn, sayRest } = sayingOver(bar);
  // Loaded only here: a local run does without gRPC.
  const { runCollectionOnCluster } = await import('../library/cluster/cluster-collection.js');
  try {
    const result = await interruptible({ underWay: 'the job on the cluster', graceSeconds: flags.grace }, (signal) =>
      runCollectionOnCluster(job, {
        endpoint: endpointOf(coordinator, flags),
        restart: flags.restart,
        verifyEvery: verifyEveryOf(flags.verify),
        signal,
        onWarning: warn,
        onNote: (note) => {
          bar.clear();
          if (!quiet) process.stderr.write(`${note}\n`);
        },
        onProgress: ({ pixelsDone = 0, pixelsTotal = 0, imagesDone = 0, imagesTotal = 0, tilesDone = 0 }) =>
          bar.update({
            ...{ pixels: pixelsDone, totalPixels: pixelsTotal },
            label: `images ${imagesDone}/${imagesTotal}, tiles ${tilesDone}`,
          }),
      }),
    );
    bar.clear();
    sayRest();
    printResult(result, flags, describeClusterCollection);
    if (result.images.failed > 0) process.exitCode = SKIPPED_EXIT_CODE;
  } finally {
    bar.clear();
  }
}

/** Lines over a progress bar: the first warnings each, and at the end how many more there were. */
function sayingOver(bar: { clear(): void }) {
  let warned = 0;
  const say = (line: string) => {
    bar.clear();
    process.stderr.write(`halotile: ${line}\n`);
  };
  return {
    say,
    warn: (what: string) => {
      if (warned++ < LISTED) say(what);
    },
    sayRest: () => {
      if (warned > LISTED)
        say(`${counted(warned - LISTED, 'more warning')}; 'halotile inspect FILE' names those of a file`);
    },
  };
}

/** What a finished job on a cluster did, for people. */
export function describeClusterCollection({ output, job, images, seconds, report }: ClusterCollectionResult): string {
  return `${writtenLine(output, images)}\n  ${formatSeconds(seconds.total ?? 0)} on the cluster, job ${job}\n  ${report}\n`;
}

function writtenLine(output: string, images: CollectionResult['images']): string {
  const kept = images.reused === 0 ? '' : `, ${formatWhole(images.reused)} of them as earlier runs left them`;
  const failed = images.failed === 0 ? '' : `; ${formatWhole(images.failed)} not written, see the report`;
  return `${output}: ${formatWhole(images.written)} of ${counted(images.total, 'image')}${kept}${failed}`;
}

function shownProgress(progress: CollectionProgress): Parameters<ReturnType<typeof createProgress>['update']>[0] {
  const { pixelsDone, pixelsTotal, pixelsResumed, bytesRead, bytesWritten, imagesFailed } = progress;
  const failed = imagesFailed === 0 ? '' : `, ${imagesFailed} failed`;
  return {
    ...{ pixels: pixelsDone, totalPixels: pixelsTotal, resumedPixels: pixelsResumed, bytes: bytesRead + bytesWritten },
    label: `images ${progress.imagesDone}/${progress.imagesTotal}${failed}, tiles ${progress.tilesDone}`,
  };
}

/** What a finished job did, for people. */
function describe(result: CollectionResult): string {
  const { output, images, tiles, pixels, seconds, bytes, halo, peakMemoryBytes, report } = result;
  const fresh = images.written - images.reused;
  const rate =
    seconds.run > 0
      ? `${(fresh / seconds.run).toFixed(1)} images/s, ${(pixels / 1e6 / seconds.run).toFixed(0)} Mpx/s`
      : '';
  const saved = halo.savedShare > 0 ? `; halo: ${(100 * halo.savedShare).toFixed(1)} % saved` : '';
  return [
    writtenLine(output, images),
    ...(fresh === 0
      ? []
      : [
          `  ${counted(tiles, 'tile')}; ${rate}; ${formatBytes(bytes.read)} read, ${formatBytes(bytes.written)} written${saved}`,
        ]),
    `  ${formatSeconds(seconds.total)}; peak memory ${formatBytes(peakMemoryBytes)}`,
    `  ${report}`,
    '',
  ].join('\n');
}
