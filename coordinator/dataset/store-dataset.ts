import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { calledBy, HalotileError } from '../../tiling/errors.js';
import { filesBelow } from '../../tiling/files-below.js';
import { belowUrl } from '../../tiling/places/url.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { removeTree } from '../../tiling/stitch/remove-tree.js';
import { JobLock, OutputInUse } from '../job/job-lock.js';
import { ObjectWriter } from '../job/object-writer.js';
import { checkObjectOutput, stagingOf, stagingPlace } from '../job/output-place.js';
import { outputState } from '../job/output-state.js';
import type { DatasetResult } from './report/report.js';
import { type DatasetRun, runDataset } from './run-dataset.js';

/** Comes last: who finds it finds everything that it shows. */
const LAST = ['report.json', 'report.html'] as const;
/** Objects that wait for their turn at a time. */
const AT_ONCE = 8;

/**
 * The folder of this machine in which a palette job makes what then goes to a URL.
 * @throws HalotileError where nothing can be written there
 */
export function datasetStaging(url: string): string {
  const folder = withoutSlashes(url);
  checkObjectOutput(folder);
  return stagingPlace(folder);
}

function withoutSlashes(url: string): string {
  return url.replace(/\/+$/, '');
}

/**
 * Runs a palette job whose output is a folder of a store: it is made whole in a folder of this machine, then each file
 * becomes an object, the report last. What breaks off while it is made goes on where it was; what breaks off while it is
 * sent is sent anew. Other objects there stay.
 * @throws HalotileError as {@link runDataset}, and before any work where the store takes no objects there
 */
export async function runDatasetIntoStore(run: DatasetRun): Promise<DatasetResult> {
  const url = withoutSlashes(run.job.output);
  const place = datasetStaging(url);
  const nameElsewhere = run.shown?.nameOf ?? ((path: string) => path);
  const nameOf = (path: string) => {
    const below = relative(place, path);
    if (below === '') return url;
    const isElsewhere = below === '..' || below.startsWith(`..${sep}`);
    return isElsewhere ? nameElsewhere(path) : belowUrl(url, keyOf(below));
  };
  const writer = new ObjectWriter();
  try {
    await writer.probe(belowUrl(url, LAST[1]));
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    // From the first frame to the last object: whoever else makes and sends them would remove what this one sends.
    const lock = await JobLock.acquire(stagingOf(url), url);
    try {
      const shown = { job: { ...(run.shown?.job ?? run.job), output: url }, nameOf };
      const result = await runDataset({ ...run, job: { ...run.job, output: place }, shown });
      await send(place, { ...run, url, writer });
      await removeTree(place);
      return { ...result, output: url, report: belowUrl(url, LAST[1]) };
    } finally {
      await lock.release();
      leave(stagingOf(url));
    }
  } catch (error) {
    if (error instanceof OutputInUse) throw error;
    const fault = outputFault(error, url);
    throw fault instanceof HalotileError
      ? new HalotileError(fault.tag, calledBy(fault.detail, nameOf), { cause: error })
      : fault;
  } finally {
    await writer.close();
  }
}

/** Removes the folder where nothing is left in it: what is unfinished stays. */
function leave(staging: string): void {
  try {
    rmdirSync(staging);
  } catch {
    // It is not empty, or was never made.
  }
}

function keyOf(path: string): string {
  return path.split(sep).join('/');
}

async function send(
  place: string,
  {
    url,
    writer,
    signal,
    mayPublish,
  }: { readonly url: string; readonly writer: ObjectWriter } & Pick<DatasetRun, 'signal' | 'mayPublish'>,
): Promise<void> {
  const state = outputState(place);
  const put = async (path: string) => {
    mayPublish?.();
    const key = keyOf(relative(place, path));
    const log = join(state, `upload-${createHash('sha256').update(key).digest('hex').slice(0, 24)}.log`);
    await writer.put({ url: belowUrl(url, key), source: { kind: 'file', path }, log }, signal);
  };
  const last = LAST.map((name) => join(place, name));
  const files = filesToSend(place, [...last, state]);
  const lane = async () => {
    for (let next = files.next(); next.done !== true; next = files.next()) await put(next.value);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  for (const path of last) await put(path);
}

function* filesToSend(place: string, without: readonly string[]): Generator<string> {
  for (const path of filesBelow(place)) {
    if (!without.some((each) => path === each || path.startsWith(`${each}${sep}`))) yield path;
  }
}
