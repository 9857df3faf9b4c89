import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { badInput, badUsage, HalotileError } from '../../tiling/errors.js';
import { cellCount, cellRect, gridOf } from '../../tiling/geometry/grid.js';
import { area, type Size } from '../../tiling/geometry/rect.js';
import { columnsOf, csvLine, figuresOf, jsonLine } from '../../tiling/measure/figures.js';
import type { MeasuredChannels } from '../../tiling/measure/record.js';
import { isUrl } from '../../tiling/places/url.js';
import type { PlanMachine } from '../../tiling/plan/plan-input.js';
import { type PrepareOptions, prepareOptions } from '../../tiling/prepare/job-rasters.js';
import type { BlockLayout, RasterInfo } from '../../tiling/raster/raster-info.js';
import { assertAllUnchanged, assertUnchanged, seenFiles } from '../../tiling/sources/fingerprint.js';
import { openMask } from '../../tiling/sources/open-mask.js';
import { openRaster } from '../../tiling/sources/open-raster.js';
import { makeScratchFolder } from '../../tiling/sources/scratch-folder.js';
import type { TiffFileSource } from '../../tiling/sources/tiff-file-source.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import type { MeasureValue } from '../../tiling/work/measure.js';
import type { SourceRef } from '../../tiling/work/references.js';
import type { Executor, StageTask } from '../../tiling/work/task.js';
import type { InputName, WorkInput, WorkJob } from '../../tiling/work/work-job.js';
import { checkedOutput } from '../job/output-place.js';
import { publishOutput } from '../job/publish-output.js';
import { runStage } from '../job/run-stage.js';
import { RecordStore } from './record-store.js';

/** How many pixels of labels a task takes, about. */
const TASK_PIXELS = 2 ** 20;
/** Text that is written at a time. */
const WRITE_CHARACTERS = 1 << 20;

/** What is measured, by what, and where to. */
export interface MeasureRun {
  /** An image of one channel of whole numbers; 0 and its nodata value are no label. */
  readonly labels: string;
  /** Of the same size. */
  readonly images: readonly string[];
  /** A `.csv` or `.jsonl` file. */
  readonly output: string;
  readonly executor: Executor;
  readonly machine: PlanMachine;
  readonly signal?: AbortSignal;
  readonly onProgress?: (pixelsDone: number, pixelsTotal: number) => void;
  /** Seconds on a monotonic clock. */
  readonly nowSeconds: () => number;
}

/** What a table of measurements came to. */
export interface MeasureResult {
  readonly output: string;
  /** Lines of the table: labels that occur. */
  readonly labels: number;
  readonly columns: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Measures each label of an image of labels, and images under it, and writes a line for each, ascending by label. The
 * table is there whole or as it was before.
 * @throws bad-usage, bad-input, output-failed, interrupted
 */
export async function measureLabels(run: MeasureRun): Promise<MeasureResult> {
  const format = formatOf(run.output);
  const paths = [run.labels, ...run.images];
  const startedAt = run.nowSeconds();
  const place = checkedOutput(run.output, paths);
  const scratch = makeScratchFolder(dirname(place), '.halotile-measure');
  const temporary = join(scratch, 'table');
  try {
    const files = await seenFiles(paths);
    // Of remote ones every answer says in which state they are.
    const localFiles = files.filter(({ path }) => !isUrl(path));
    const rasters = await openAll(paths, prepareOptions(run.machine, scratch));
    const [labels, ...images] = rasters as [Raster, ...Raster[]];
    checkLabels(labels, run.labels);
    for (const [i, { info }] of images.entries()) checkSize(info, labels.info, run.images[i]!);
    const channels = images.flatMap(({ info }) => new Array<boolean>(info.channels).fill(isExact(info)));
    const store = new RecordStore({ folder: scratch, channels });
    try {
      await gather(run, rasters, { channels, store, check: () => localFiles.forEach(assertUnchanged) });
      const columns = columnsOf(channelNames(run.images, images));
      const table = { temporary, columns, channels, size: labels.info, format, signal: run.signal };
      const written = await writeTable(store.records(), table);
      await assertAllUnchanged(files);
      await publishOutput(temporary, place);
      return { output: run.output, columns, ...written, seconds: run.nowSeconds() - startedAt };
    } finally {
      store.close();
    }
  } catch (error) {
    throw outputFault(error, run.output);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Format = 'csv' | 'jsonl';

function formatOf(output: string): Format {
  const extension = extname(output).toLowerCase();
  if (extension === '.csv') return 'csv';
  if (extension === '.jsonl' || extension === '.ndjson') return 'jsonl';
  throw badUsage({ what: `a table named ${basename(output)}`, expected: 'a name that ends in .csv or .jsonl' });
}

interface Raster {
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  /** It, and its mask where it has one. */
  readonly inputs: readonly WorkInput[];
}

async function openAll(paths: readonly string[], options: PrepareOptions): Promise<Raster[]> {
  const rasters: Raster[] = [];
  for (const [index, path] of paths.entries()) {
    const source = await openRaster(path, options, index === 0 ? { wide: 'uint32' } : {});
    const { info, layout } = source;
    const [name, maskName]: InputName[] =
      index === 0 ? ['image', 'mask'] : [`extra:${index - 1}`, `extra:mask:${index - 1}`];
    const inputs: WorkInput[] = [{ name: name!, source: { kind: 'file', path: source.name, info } }];
    try {
      const mask = await maskOf(path, source, join(options.scratchDirectory, `${index}`), options);
      if (mask !== undefined) inputs.push({ name: maskName!, source: mask });
    } finally {
      source.close();
    }
    rasters.push({ info, layout, inputs });
  }
  return rasters;
}

async function maskOf(
  path: string,
  opened: TiffFileSource,
  scratchDirectory: string,
  options: PrepareOptions,
): Promise<SourceRef | undefined> {
  const { width, height } = opened.info;
  const image = { width, height, directory: opened.directory, opened };
  const mask = await openMask(path, image, { ...options, scratchDirectory });
  mask?.source.close();
  return mask && { kind: 'file', path: mask.source.name, directory: mask.directory };
}

function checkLabels({ info: { channels, dtype } }: Raster, path: string): void {
  if (channels === 1 && dtype !== 'float32') return;
  throw badInput({
    what: `labels of ${channels} channels of ${dtype}`,
    file: path,
    expected: 'one channel of whole numbers',
    remedy: 'make them with --op label',
  });
}

function checkSize({ width, height }: RasterInfo, labels: Size, path: string): void {
  if (width === labels.width && height === labels.height) return;
  const expected = `${labels.width}×${labels.height} pixels, as the labels`;
  throw badInput({ what: `${width}×${height} pixels`, file: path, expected });
}

/** Squares of uint32 would pass what float64 holds exactly. */
function isExact({ dtype }: RasterInfo): boolean {
  return dtype === 'uint8' || dtype === 'uint16';
}

/** How the columns of each channel begin: the file's name, and the channel's number where there are several. */
function channelNames(paths: readonly string[], images: readonly Raster[]): string[] {
  const stems = paths.map((path) => basename(path, extname(path)).replace(/[",\r\n]/g, '_'));
  return images.flatMap(({ info: { channels } }, i) => {
    const stem = stems[i]!;
    const earlier = stems.slice(0, i).filter((other) => other === stem).length;
    const name = earlier === 0 ? stem : `${stem}-${earlier + 1}`;
    return channels === 1 ? [name] : Array.from({ length: channels }, (_, c) => `${name}.${c + 1}`);
  });
}

/** Measures all parts; their records are stored in the order of the parts, so that sums of floats are the same each time. */
async function gather(
  { executor, signal, onProgress }: MeasureRun,
  rasters: readonly Raster[],
  to: { readonly channels: MeasuredChannels; readonly store: RecordStore; readonly check: () => void },
): Promise<void> {
  const { info, layout } = rasters[0]!;
  const size = { width: info.width, height: info.height };
  const grid = gridOf(size, partSize(size, layout));
  const parts = cellCount(grid);
  const job: WorkJob = { key: `measure#${randomUUID()}`, inputs: rasters.flatMap(({ inputs }) => inputs) };
  const waiting = new Map<number, Uint8Array>();
  let next = 0;
  let storing = Promise.resolve();
  let failure: unknown;
  let pixels = 0;
  function* tasks(): Generator<StageTask[]> {
    for (let index = 0; index < parts; index++) {
      if (failure !== undefined) return;
      const data = { rect: cellRect(grid, index), size, channels: to.channels };
      yield [{ kind: 'measure', stage: 0, index, data }];
    }
  }
  const storeInOrder = async () => {
    for (let records = waiting.get(next); records !== undefined; records = waiting.get(next)) {
      waiting.delete(next++);
      await to.store.add(records);
    }
  };
  try {
    await runStage(executor, {
      job,
      signal,
      sequences: tasks(),
      commit: ({ task, value }) => {
        to.check();
        waiting.set(task.index, (value as MeasureValue).records);
        storing = storing.then(storeInOrder).catch((error) => {
          failure ??= error;
        });
        pixels += area(cellRect(grid, task.index));
        onProgress?.(pixels, area(size));
      },
    });
  } finally {
    await storing;
    await executor.closeJob(job.key);
  }
  if (failure !== undefined) throw failure;
}

/** Whole blocks of about {@link TASK_PIXELS}; strips are as wide as the image. */
function partSize({ width }: Size, { striped, blockWidth, blockHeight }: BlockLayout): Size {
  if (striped) {
    const across = Math.min(width, TASK_PIXELS);
    return { width: across, height: Math.max(1, Math.floor(TASK_PIXELS / across)) };
  }
  const side = Math.sqrt(TASK_PIXELS);
  const blocks = (length: number) => length * Math.max(1, Math.floor(side / length));
  return { width: Math.min(TASK_PIXELS, blocks(blockWidth)), height: blocks(blockHeight) };
}

interface Table {
  readonly temporary: string;
  readonly columns: readonly string[];
  readonly channels: MeasuredChannels;
  readonly size: Size;
  readonly format: Format;
  readonly signal?: AbortSignal;
}

async function writeTable(
  records: AsyncIterable<Float64Array>,
  { temporary, columns, channels, size, format, signal }: Table,
): Promise<{ readonly labels: number; readonly bytes: number }> {
  const fd = openSync(temporary, 'w', 0o644);
  let text = format === 'csv' ? `${columns.join(',')}\n` : '';
  let labels = 0;
  let bytes = 0;
  const flush = () => {
    const encoded = Buffer.from(text);
    for (let at = 0; at < encoded.length; ) at += writeSync(fd, encoded, at);
    bytes += encoded.length;
    text = '';
  };
  try {
    for await (const record of records) {
      const figures = figuresOf(record, channels, size);
      text += format === 'csv' ? csvLine(figures) : jsonLine(columns, figures);
      labels++;
      if (text.length < WRITE_CHARACTERS) continue;
      flush();
      if (signal?.aborted) throw new HalotileError('interrupted', { what: 'interrupted' });
    }
    flush();
  } finally {
    closeSync(fd);
  }
  return { labels, bytes };
}
