import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkCodecAvailable } from '../../tiling/codecs/encode-block.js';
import { encodePicture } from '../../tiling/codecs/write-picture.js';
import { HalotileError } from '../../tiling/errors.js';
import { mapJobOf, withMap } from '../../tiling/job/derived-map.js';
import type { JobFigures } from '../../tiling/job/job-figures.js';
import { inputPaths } from '../../tiling/job/job-inputs.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { makeFolder } from '../../tiling/make-folder.js';
import { chainCorners, cornerTable } from '../../tiling/operations/corners.js';
import { chainPyramid } from '../../tiling/operations/pyramid.js';
import { tileCount } from '../../tiling/plan/levels.js';
import type { CachePlan, Plan } from '../../tiling/plan/plan.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { completeReduction } from '../../tiling/plan/reductions.js';
import {
  type JobRasters,
  namedRasters,
  type OpenedInput,
  openInputs,
  prepareOptions,
  warningsOf,
} from '../../tiling/prepare/job-rasters.js';
import { preparePlan } from '../../tiling/prepare/prepare-plan.js';
import type { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import { CacheMemory } from '../../tiling/sources/cache-memory.js';
import { assertUnchanged, fingerprintOf } from '../../tiling/sources/fingerprint.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource, type TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import { CommittedTiles } from '../../tiling/stitch/committed-tiles.js';
import { CornerTableFile } from '../../tiling/stitch/corner-table-file.js';
import { PyramidFile } from '../../tiling/stitch/pyramid-file.js';
import { RunTotals } from '../../tiling/stitch/run-totals.js';
import { committedTile } from '../../tiling/stitch/tile-ledger.js';
import type { StageTask, Task, TaskResult } from '../../tiling/work/task.js';
import type { StoredRead } from '../../tiling/work/tiles.js';
import { CPU_BACKEND, type InputName } from '../../tiling/work/work-job.js';
import { checkModuleApart } from '../kernels/custom/check-apart.js';
import { type MemorySink, openMemorySink } from '../tile/memory-sink.js';
import { jobOver, type OpenJob } from '../tile/open-job.js';
import { largestIn } from '../tile/scan-map.js';
import { bitsIn } from '../tile/scan-samples.js';
import { decimate } from './decimate.js';
import { filter } from './filter.js';
import { overview } from './overview.js';
import { reduce } from './reduce.js';
import { type Outcome, resultOf, type TaskRun } from './runner.js';
import { sum } from './sum.js';

/** Of this thread's images, one after the other. */
const CACHE_MEMORY = new CacheMemory();

/** A job whose output is made. */
export interface WholeImage {
  /** The bytes of its output. */
  readonly file: Uint8Array;
  readonly figures: JobFigures;
  /** As {@link warningsOf} says. */
  readonly warnings: readonly string[];
}

/** Where and with what a whole job runs. */
export interface WholeImageMeans {
  readonly machine: PlanMachine;
  /** Where inputs without random access are converted to; made when needed. */
  readonly scratchDirectory: string;
  /** The task that the job is part of. */
  readonly run: TaskRun<'images'>;
}

/**
 * Runs a job over one image on the calling thread: the same plan, tiles and blocks as a job by itself, and so the same
 * file, which is made in memory.
 * @throws HalotileError as that job would
 */
export async function runWholeImage(
  spec: JobSpec,
  { machine, scratchDirectory, run }: WholeImageMeans,
): Promise<WholeImage> {
  checkCodecAvailable(spec.compression);
  const files = inputPaths(spec).map((path) => ({ path, fingerprint: fingerprintOf(path) }));
  const mapped = await withOwnMap(spec, { machine, scratchDirectory, run });
  const inputs = await openInputs(mapped, prepareOptions(machine, scratchDirectory));
  try {
    const plan = await preparePlan(mapped, inputs, machine, {
      slots: 1,
      largest: (_, data) => largestIn(inputs.map!.opened, data, run.thread),
      bitsOf: (_, data) => bitsIn(inputs.image.opened, data, run.thread.nowMs),
      shapeOf: ({ bytes, file }) => checkModuleApart(bytes, file),
    });
    const made = await runStages(plan, inputs, { machine, run, scratchDirectory });
    for (const file of files) assertUnchanged(file);
    return { ...made, warnings: warningsOf(inputs) };
  } finally {
    for (const [, { opened }] of namedRasters(inputs)) opened.close();
  }
}

/** The job with the map that is made for it, where it has one. */
async function withOwnMap(spec: JobSpec, means: WholeImageMeans): Promise<JobSpec> {
  const path = join(means.scratchDirectory, 'map.tif');
  const job = mapJobOf(spec, path);
  if (job === undefined) return spec;
  const scratchDirectory = join(means.scratchDirectory, 'map');
  const { file } = await runWholeImage(job, { ...means, scratchDirectory });
  makeFolder(means.scratchDirectory);
  writeFileSync(path, file);
  return withMap(spec, path);
}

type MadeImage = Omit<WholeImage, 'warnings'>;

/** What a job's tiles read. */
interface StageRasters {
  readonly readers: Map<InputName, RasterReader>;
  /** Rasters that are made on the way; closed with the job. */
  readonly made: TiffFileSource[];
}

async function runStages(planned: Plan, inputs: JobRasters<OpenedInput>, means: WholeImageMeans): Promise<MadeImage> {
  const caches: SharedBlockCache[] = [];
  const made: TiffFileSource[] = [];
  try {
    const readers = readersOf(planned, inputs, means.run.thread.nowMs, caches);
    return await stagesOver(planned, { readers, made }, means);
  } finally {
    for (const source of made) source.close();
    for (const cache of caches) CACHE_MEMORY.take(cache);
  }
}

async function stagesOver(
  planned: Plan,
  { readers, made }: StageRasters,
  { run, scratchDirectory }: WholeImageMeans,
): Promise<MadeImage> {
  const sink = openMemorySink(planned);
  const committed = new CommittedTiles(planned, () => '');
  const totals = new RunTotals();
  const { boundedBackend = CPU_BACKEND } = run.job;
  const means = { readers, openSink: () => sink, context: run.thread, end: run.end };
  const opened = () => jobOver({ key: run.job.key, plan: planned, inputs: [], boundedBackend }, means);
  const add = (name: InputName, source: TiffFileSource | undefined) => {
    if (source === undefined) return;
    made.push(source);
    readers.set(name, new RasterReader(source, null, run.thread.nowMs));
  };
  add('corners', await cornerTableOf(opened(), run, scratchDirectory));
  add('pyramid', await pyramidOf(opened(), run, scratchDirectory));
  let open = opened();
  for (const [index, stage] of planned.stages.entries()) {
    for (const sequence of committed.sequences(index)) {
      for (const task of sequence) {
        if (run.end.isOver) throw new HalotileError('interrupted', { what: 'the job is over' });
        const result = await runTile(task, { open, run, sink });
        committed.add(committedTile(result, ''));
        totals.add(result);
      }
    }
    if (stage.kind === 'reduce') {
      const plan = completeReduction(open.plan, stage.operation!, committed.partialsOf(index));
      open = { ...open, plan, job: { ...open.job, plan } };
    }
  }
  const tiff = sink.file();
  const { picture, output } = open.plan;
  const file = picture === undefined ? tiff : await encodePicture(tiff, picture, output);
  return { file, figures: totals.figures(open.plan, { crc: committed.crc(), outputBytes: file.length }) };
}

/** The summed-area table of an image whose windows read corners, made on this thread. */
async function cornerTableOf(open: OpenJob, run: TaskRun<'images'>, folder: string) {
  const { image, operations } = open.plan;
  const corners = chainCorners(operations);
  if (corners === undefined) return undefined;
  const path = join(folder, 'corners.tif');
  const table = new CornerTableFile(path, image, corners);
  for (let index = 0; index < cornerTable(image, corners.cellSide).rows; index++) {
    const task = { kind: 'sum', stage: 0, index, attempt: 1, data: { corners } } as const;
    table.add(index, (await sum({ ...run, open: () => open, task, data: task.data })).value);
  }
  for await (const _ of table.finish());
  return openTiffSource(path);
}

/** The pyramid of an image whose Gaussian reads grids, made on this thread. */
async function pyramidOf(open: OpenJob, run: TaskRun<'images'>, folder: string) {
  const { image, operations } = open.plan;
  const pyramid = chainPyramid(operations);
  if (pyramid === undefined) return undefined;
  const path = join(folder, 'pyramid.tif');
  const file = new PyramidFile(path, image, pyramid);
  for (let index = 0; index < file.bands; index++) {
    const task = { kind: 'decimate', stage: 0, index, attempt: 1, data: { pyramid } } as const;
    file.add(index, (await decimate({ ...run, open: () => open, task, data: task.data })).value);
  }
  for await (const _ of file.finish());
  return openTiffSource(path);
}

/** One tile by the runner of its kind; stored blocks that it reads are held. */
async function runTile(
  asked: StageTask,
  { open, sink, run }: { readonly open: OpenJob; readonly sink: MemorySink; readonly run: TaskRun<'images'> },
): Promise<TaskResult> {
  const attempt = 1;
  const within = { ...run, open: () => open };
  switch (asked.kind) {
    case 'reduce': {
      const task = { ...asked, attempt };
      return finished(task, await reduce({ ...within, task, data: task.data }));
    }
    case 'filter': {
      const task = { ...asked, attempt };
      return finished(task, await filter({ ...within, task, data: task.data }));
    }
    case 'overview': {
      const blocks = asked.data.blocks.map((block): StoredRead => {
        return { ...block, content: sink.block(block.level, block.index) };
      });
      const task = { ...asked, data: { blocks }, attempt };
      return finished(task, await overview({ ...within, task, data: task.data }));
    }
    default:
      throw new TypeError(`a plan has no tasks of kind '${asked.kind}'`);
  }
}

function finished<K extends 'reduce' | 'filter' | 'overview'>(task: Task<K>, outcome: Outcome<K>): TaskResult {
  return resultOf(task, outcome, { files: [] }) as TaskResult;
}

/** Several tiles share the blocks that they decode, in `caches`. */
function readersOf(
  plan: Plan,
  inputs: JobRasters<OpenedInput>,
  nowMs: () => number,
  caches: SharedBlockCache[],
): Map<InputName, RasterReader> {
  const isShared = tileCount(plan.stages.filter(({ kind }) => kind !== 'overview')) > 1;
  const sizes: Readonly<Record<string, CachePlan | undefined>> = {
    image: plan.imageCache,
    mask: plan.maskCache,
    map: plan.mapCache,
  };
  const cacheOf = (name: InputName) => {
    const size = isShared ? sizes[name] : undefined;
    if (size === undefined) return null;
    const cache = CACHE_MEMORY.open(size);
    caches.push(cache);
    return cache;
  };
  return new Map(
    namedRasters(inputs).map(([name, { opened }]) => [name, new RasterReader(opened, cacheOf(name), nowMs)]),
  );
}
