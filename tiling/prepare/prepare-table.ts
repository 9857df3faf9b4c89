import { basename, extname, join } from 'node:path';
import { badInput } from '../errors.js';
import type { Size } from '../geometry/rect.js';
import type { JobSpec } from '../job/job-spec.js';
import { columnsOf } from '../measure/figures.js';
import { type MeasuredChannels, recordLength } from '../measure/record.js';
import { withOptions } from '../plan/job-images.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';
import { openMask } from '../sources/open-mask.js';
import { openRaster, type Wanted } from '../sources/open-raster.js';
import type { InputName, WorkInput } from '../work/work-job.js';
import type { PrepareOptions } from './job-rasters.js';

/** How many pixels of labels a task takes, about. */
const TASK_PIXELS = 2 ** 20;
/** What the records of a task's labels may take, where every pixel is one of its own. */
const MAX_RECORD_BYTES = 2 ** 28;

/** What is measured by which tasks, and what the table says. */
export interface PreparedTable {
  /** The labels are the image, what is measured under them its extras by their position; each with its mask. */
  readonly inputs: readonly WorkInput[];
  readonly size: Size;
  /** Of the parts that are measured by themselves. */
  readonly part: Size;
  readonly channels: MeasuredChannels;
  readonly columns: readonly string[];
  /** What is odd about the files and does not keep them from being read, a sentence each. */
  readonly warnings: readonly string[];
}

/** Labels that operations will make, as far as a table is planned with them. */
export interface UnmadeLabels {
  readonly info: Pick<RasterInfo, 'width' | 'height' | 'channels' | 'dtype'>;
  readonly layout: Pick<BlockLayout, 'striped' | 'blockWidth' | 'blockHeight'>;
}

interface Labels extends UnmadeLabels {
  /** It, and its mask where it has one. */
  readonly inputs: readonly WorkInput[];
  readonly warnings: readonly string[];
}

interface Raster extends Labels {
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
}

/** A file, and what it is called among the inputs. */
interface Named extends Wanted {
  readonly path: string;
  readonly names: readonly [image: InputName, mask: InputName];
}

/**
 * Opens and checks the labels of a job's image and what is measured under them, and closes them again.
 * @param unmade the labels, where they are not there yet
 * @throws bad-input for what is damaged, no labels, or of another size
 */
export async function prepareTable(
  spec: JobSpec,
  options: PrepareOptions,
  unmade?: UnmadeLabels,
): Promise<PreparedTable> {
  const { image: path, page, orient, tile, measure } = spec;
  const paths = measure?.images ?? [];
  const labels =
    unmade === undefined
      ? await open({ path, names: ['image', 'mask'], page, orient, wide: 'uint32' }, spec, options)
      : { ...unmade, inputs: [], warnings: [] };
  checkLabels(labels, { path, isMade: unmade !== undefined });
  const images: Raster[] = [];
  for (const [index, each] of paths.entries()) {
    const names = [`extra:${index}`, `extra:mask:${index}`] as const;
    const image = await open({ path: each, names }, undefined, options);
    checkSize(image.info, labels.info, each);
    images.push(image);
  }
  const { width, height } = labels.info;
  const channels = images.flatMap(({ info }) => new Array<boolean>(info.channels).fill(isExact(info)));
  const all = [labels, ...images];
  return {
    ...{ inputs: all.flatMap(({ inputs }) => inputs), warnings: all.flatMap(({ warnings }) => warnings) },
    ...{
      size: { width, height },
      part: tile === undefined ? partSize(labels, channels) : { width: tile, height: tile },
    },
    ...{
      channels,
      columns: columnsOf(
        channelNames(
          paths.map((each, i) => measure?.names?.[i] ?? each),
          images,
        ),
      ),
    },
  };
}

/** @param spec whose options hold for the file; absent where it is taken as it is */
async function open(
  { path, names: [name, maskName], ...wanted }: Named,
  spec: JobSpec | undefined,
  options: PrepareOptions,
): Promise<Raster> {
  const source = await openRaster(path, options, wanted);
  try {
    const { layout, directory, warnings = [] } = source;
    const info = spec === undefined ? source.info : withOptions({ path, info: source.info, layout }, spec);
    const inputs: WorkInput[] = [{ name, source: { kind: 'file', path: source.name, directory, info } }];
    if (spec?.mask !== 'ignore') {
      const { width, height } = info;
      const own = directory ?? (wanted.page === undefined ? undefined : wanted.page - 1);
      const image = { width, height, directory: own, orient: wanted.orient, opened: source };
      const scratchDirectory = join(options.scratchDirectory, maskName.replaceAll(':', '-'));
      const mask = await openMask(path, image, { ...options, scratchDirectory });
      mask?.source.close();
      if (mask)
        inputs.push({ name: maskName, source: { kind: 'file', path: mask.source.name, directory: mask.directory } });
    }
    return { info, layout, inputs, warnings };
  } finally {
    source.close();
  }
}

function checkLabels(
  { info: { channels, dtype } }: Labels,
  { path, isMade }: { readonly path: string; readonly isMade: boolean },
): void {
  if (channels === 1 && dtype !== 'float32') return;
  throw badInput({
    what: `labels of ${channels} channels of ${dtype}${isMade ? ', as the operations make them of it' : ''}`,
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

/** Whole blocks of about as many pixels as a task takes; strips are as wide as the image. */
function partSize(
  { info: { width }, layout: { striped, blockWidth, blockHeight } }: Labels,
  channels: MeasuredChannels,
): Size {
  const pixels = Math.min(TASK_PIXELS, Math.floor(MAX_RECORD_BYTES / 8 / recordLength(channels)));
  if (striped) {
    const across = Math.min(width, pixels);
    return { width: across, height: Math.max(1, Math.floor(pixels / across)) };
  }
  const side = Math.sqrt(pixels);
  const blocks = (length: number) => length * Math.max(1, Math.floor(side / length));
  return { width: Math.min(pixels, blocks(blockWidth)), height: blocks(blockHeight) };
}
