import { statSync } from 'node:fs';
import { isDynamicPattern } from 'tinyglobby';
import { type CollectionProgress, type CollectionResult, isManifest } from '../coordinator/index.js';
import { runCollectionLocally } from '../library/local-collection.js';
import { machineOf } from '../library/machine.js';
import { badUsage } from '../tiling/errors.js';
import type { CollectionSpec } from '../tiling/job/collection-spec.js';
import { isTemplate } from '../tiling/job/name-template.js';
import { formatBytes, formatSeconds, formatWhole } from './format.js';
import { interruptible } from './interrupt.js';
import type { JobFlags, RunFlags } from './job-options.js';
import { createProgress } from './progress.js';

/** The exit code of a job that skipped some of its images. */
const SKIPPED_EXIT_CODE = 3;
/** Failures that are listed after a run; the report has them all. */
const LISTED = 20;

/** Whether the names of a command mean many images: several, a folder, a pattern, a manifest, or names with words. */
export function meansCollection(images: readonly string[], { map = '', output }: { map?: string; output: string }) {
  if (images.length !== 1 || isTemplate(output) || isTemplate(map) || /[/\\]$/.test(output)) return true;
  const [image] = images as [string];
  const stat = statSync(image, { throwIfNoEntry: false });
  if (stat !== undefined) return stat.isDirectory() || isManifest(image);
  return isDynamicPattern(image) || /[/\\]$/.test(image) || isManifest(image);
}

/** @throws bad-usage where a job over many images is sent to a cluster */
export function refuseThere(where: string): never {
  throw badUsage({ what: 'a job over many images runs on one machine', where, remedy: 'leave --coordinator out' });
}

/** Runs a job over many images as a command does: progress on stderr, Ctrl-C leaves it resumable, the result on stdout. */
export async function runCollectionAsCommand(job: CollectionSpec, flags: JobFlags & RunFlags): Promise<void> {
  if (flags.coordinator !== undefined) refuseThere('--coordinator');
  const quiet = flags.quiet === true || flags.json === true;
  const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
  let listed = 0;
  const say = (line: string) => {
    bar.clear();
    process.stderr.write(`halotile: ${line}\n`);
  };
  try {
    const result = await interruptible('the tiles under way', (signal) =>
      runCollectionLocally(job, {
        machine: machineOf(flags),
        backend: flags.backend,
        gpuMemoryMiB: flags.gpuMemory,
        onWarning: say,
        durable: flags.durable,
        restart: flags.restart,
        signal,
        onFault: ({ message }) => {
          if (listed++ < LISTED) say(message);
        },
        onProgress: (progress) => bar.update(shownProgress(progress)),
      }),
    );
    bar.clear();
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : describe(result));
    if (result.images.failed > 0) process.exitCode = SKIPPED_EXIT_CODE;
  } finally {
    bar.clear();
  }
}

function shownProgress({
  images,
  tiles,
  ...rest
}: CollectionProgress): Parameters<ReturnType<typeof createProgress>['update']>[0] {
  const failed = images.failed === 0 ? '' : `, ${images.failed} failed`;
  return {
    pixels: rest.pixelsDone,
    totalPixels: rest.pixelsTotal,
    resumedPixels: rest.pixelsResumed,
    bytes: rest.bytesRead + rest.bytesWritten,
    label: `images ${images.done}/${images.total}${failed}, tiles ${tiles.done}`,
  };
}

/** What a finished job did, for people. */
function describe(result: CollectionResult): string {
  const { output, images, tiles, pixels, seconds, bytes, halo, peakMemoryBytes, report } = result;
  const kept = images.reused === 0 ? '' : `, ${formatWhole(images.reused)} of them as earlier runs left them`;
  const failed = images.failed === 0 ? '' : `; ${formatWhole(images.failed)} not written, see the report`;
  const fresh = images.written - images.reused;
  const rate =
    seconds.run > 0
      ? `${(fresh / seconds.run).toFixed(1)} images/s, ${(pixels / 1e6 / seconds.run).toFixed(0)} Mpx/s`
      : '';
  const saved = halo.savedShare > 0 ? `; halo: ${(100 * halo.savedShare).toFixed(1)} % saved` : '';
  return [
    `${output}: ${formatWhole(images.written)} of ${formatWhole(images.total)} images${kept}${failed}`,
    ...(fresh === 0
      ? []
      : [
          `  ${formatWhole(tiles)} tiles; ${rate}; ${formatBytes(bytes.read)} read, ${formatBytes(bytes.written)} written${saved}`,
        ]),
    `  ${formatSeconds(seconds.total)}; peak memory ${formatBytes(peakMemoryBytes)}`,
    `  ${report}`,
    '',
  ].join('\n');
}
