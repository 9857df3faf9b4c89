import { existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ErrorTag } from '../../tiling/error-table.js';
import { type ErrorRecord, fromErrorRecord, toErrorRecord } from '../../tiling/errors.js';
import { noCounts, type TaskCounts, type TaskSeconds } from '../../tiling/job/job-figures.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { scratchFolderName } from '../../tiling/sources/scratch-folder.js';
import { type ImageDone, type ImageResult, MAX_WARNINGS, planMachineOf } from '../../tiling/work/images.js';
import type { Runner, TaskRun } from './runner.js';
import { runWholeImage } from './whole-image.js';

/** Errors that another machine, or one that is sent the files, may not meet. */
const OF_ONE_MACHINE: ReadonlySet<ErrorTag> = new Set(['bad-input', 'input-changed', 'output-failed', 'over-limit']);

/** Runs whole jobs over small images, one after the other; one that fails does not keep the others from running. */
export const images: Runner<'images'> = async (run) => {
  const { jobs } = run.data;
  const scratch = scratchFolderName(tmpdir(), 'halotile-images');
  const results: ImageResult[] = [];
  try {
    for (const [position, { index, spec }] of jobs.entries()) {
      const scratchDirectory = join(scratch, `${position}`);
      try {
        results.push({ index, ...(await runImage(run, spec, { position, scratchDirectory })) });
      } catch (error) {
        results.push({ index, error: failureOf(error, spec, run) });
      }
      if (existsSync(scratchDirectory)) rmSync(scratchDirectory, { recursive: true, force: true });
    }
  } finally {
    if (existsSync(scratch)) rmSync(scratch, { recursive: true, force: true });
  }
  const done = results.filter((result) => 'figures' in result);
  const crc = done.reduce((before, { index, figures }) => crc32(`${index}:${figures.crc};`, before), 0);
  return { value: { results }, crc, ...sumsOf(done) };
};

/** Runs one job and puts its output to its place. */
async function runImage(
  run: TaskRun<'images'>,
  spec: JobSpec,
  { position, scratchDirectory }: { readonly position: number; readonly scratchDirectory: string },
): Promise<Omit<ImageDone, 'index'>> {
  const means = { machine: planMachineOf(run.data), scratchDirectory, run };
  const { file, figures, warnings } = await runWholeImage(spec, means);
  const start = run.thread.nowMs();
  run.outbox.file(position, spec.output, file);
  const write = figures.seconds.write + (run.thread.nowMs() - start) / 1000;
  return {
    figures: { ...figures, seconds: { ...figures.seconds, write } },
    ...(warnings.length > 0 && { warnings: warnings.slice(0, MAX_WARNINGS) }),
  };
}

/**
 * What an image's error is to its job.
 * @throws what is not the image's alone: the end of the job, and what may well go right where the job is run
 */
function failureOf(error: unknown, { image }: JobSpec, { byReference, named }: TaskRun<'images'>): ErrorRecord {
  const record = named(toErrorRecord(error, 'tile-failed', { file: image }));
  if (record.tag === 'interrupted' || (byReference && OF_ONE_MACHINE.has(record.tag))) throw fromErrorRecord(record);
  return record;
}

function sumsOf(done: readonly ImageDone[]): { readonly seconds: TaskSeconds; readonly counts: TaskCounts } {
  const seconds = { read: 0, decode: 0, kernel: 0, encode: 0, write: 0 };
  const counts = noCounts();
  for (const { figures } of done) {
    for (const name of Object.keys(seconds) as (keyof TaskSeconds)[]) seconds[name] += figures.seconds[name];
    counts.bytesRead += figures.bytes.read;
    counts.bytesWritten += figures.bytes.output;
    counts.blocksDecoded += figures.blocksDecoded.count;
    counts.inputPixels += figures.halo.pixelsRead;
    counts.outputPixels += figures.width * figures.height;
  }
  return { seconds, counts };
}
