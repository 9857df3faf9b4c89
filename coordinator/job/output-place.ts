import { createHash } from 'node:crypto';
import { accessSync, constants, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { placeSettings } from '../../threads/places/settings.js';
import { badUsage, HalotileError } from '../../tiling/errors.js';
import { outputFolderOf } from '../../tiling/job/output-format.js';
import { checkFolderPlace } from '../../tiling/make-folder.js';
import { belowUrl, fileNameOf, isS3Url, isUrl, parseS3Url } from '../../tiling/places/url.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { checkTreePlace } from '../../tiling/stitch/output-tree.js';
import { WrittenFiles } from '../../tiling/stitch/overwrites.js';
import { partialPaths } from '../../tiling/stitch/partial.js';

/**
 * The place that a job's output gets, checked before any work: its directory exists and is writable, and nothing there
 * is anything but a regular file or one of `inputs`.
 * @throws output-failed or bad-usage
 */
export function checkedOutput(output: string, inputs: readonly string[]): string {
  if (isUrl(output)) checkObjectOutput(output);
  const place = outputPlace(output);
  const directory = dirname(place);
  const stat = statSync(directory, { throwIfNoEntry: false });
  if (stat === undefined) {
    checkFolderPlace(directory);
    throw outputFailed({ what: 'the output directory does not exist', file: directory, remedy: 'create it first' });
  }
  if (!stat.isDirectory()) throw outputFailed({ what: 'a file is in the place of a folder', file: directory });
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw outputFailed({ what: 'the output directory is not writable', file: directory }, cause);
  }
  checkTreePlace(place);
  refuseOverwrites(place, inputs);
  return place;
}

/**
 * Refuses an image job that reads what it writes.
 * @throws bad-usage
 */
export function refuseOverwrites(place: string, inputs: readonly string[]): void {
  const written = WrittenFiles.of({
    files: () => [place],
    folders: [partialPaths(place).directory, outputFolderOf(place) ?? []].flat(),
  });
  for (const input of inputs) written.refuse(input);
}

/**
 * Checks that the file system of `output` has room.
 * @throws output-failed with both figures
 */
export function checkDiskSpace(output: string, neededBytes: number): void {
  const { bavail, bsize } = statfsSync(dirname(output));
  const available = bavail * bsize;
  if (neededBytes <= available) return;
  const mib = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`;
  throw outputFailed({
    what: `the output needs about ${mib(neededBytes)} and ${mib(available)} are free`,
    file: dirname(output),
    remedy: 'free some space or choose another disk; a stronger --compression needs less',
  });
}

/** Whatever the system said while an output was written, as one sentence. */
export function outputFailed(detail: ConstructorParameters<typeof HalotileError>[1], cause?: unknown): HalotileError {
  return new HalotileError('output-failed', detail, { cause });
}

/**
 * Refuses an output at a URL where files are written.
 * @throws bad-usage
 */
export function refuseUrlOutput(output: string): void {
  if (!isUrl(output)) return;
  const expected = 'a path, or for a palette job s3://BUCKET/FOLDER';
  throw badUsage({ what: 'an output at a URL', file: output, expected });
}

/** @throws bad-usage or bad-input where a URL is no name of an object that is written */
export function checkObjectOutput(url: string): void {
  if (!isS3Url(url)) throw badUsage({ what: 'an output at a URL', file: url, expected: 'a path, or s3://BUCKET/KEY' });
  parseS3Url(url);
}

/** The object of an output that is written last, and by which readers find the others where there are any. */
export function mainObjectOf(url: string): string {
  return outputFolderOf(url) === url ? belowUrl(url, 'zarr.json') : url;
}

/** Stands for an object that is an output on this machine: nothing is ever there, its partial directory is beside it. */
export function stagingPlace(url: string): string {
  return join(stagingOf(url), fileNameOf(url));
}

/** The folder of this machine for what is unfinished of an object, or of the objects below a URL. */
export function stagingOf(url: string): string {
  const staging = placeSettings().staging ?? join(tmpdir(), 'halotile-uploads');
  return join(staging, createHash('sha256').update(url).digest('hex').slice(0, 24));
}
