import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { contest } from '../contest.js';
import { repeatedScene, scene } from '../inputs.js';
import type { Section } from '../report.js';
import { jobRun, resultOf } from './engine-rows.js';
import type { Measured, PageOptions, PageRow, Wanted } from './page-row.js';

/** Where starting the process no longer counts: what others are compared with. */
const USUAL = 8000;
const SIZES = [1000, 2000, 4000, USUAL, 15_000, 30_000, 60_000];
const CODECS = ['none', 'deflate'] as const;
type Codec = (typeof CODECS)[number];
/** A pixel of an uncompressed output with its overviews. */
const PIXEL_BYTES = 4;

/** What a size costs with a codec. */
interface Grown {
  readonly codec: Codec;
  readonly size: number;
  /** Processor nanoseconds of a pixel. */
  readonly ns: number;
  readonly peakBytes: number;
}

/** Row 4 and growth: processor time of a pixel and peak memory from small to huge images. */
export async function growthRows(options: PageOptions): Promise<Measured> {
  const { side, hugeSide } = options;
  const sizes = SIZES.filter((size) => size <= Math.max(side, hugeSide));
  const grown: Grown[] = [];
  for (const size of sizes) for (const codec of CODECS) grown.push(...(await grow(options, size, codec)));
  const usual = sizes.findLast((size) => size <= USUAL)!;
  const rows = [...memoryRows(grown, sizes), ...CODECS.map((codec) => growthRow(grown, codec, usual))];
  return { rows, tables: [growthTable(grown, sizes, usual)] };
}

/** Nothing where the disk has no room for the output. */
async function grow(options: PageOptions, size: number, codec: Codec): Promise<Grown[]> {
  const { work, scratch, side, rounds } = options;
  const { bavail, bsize } = statfsSync(scratch);
  if (bavail * bsize < 1.2 * PIXEL_BYTES * size ** 2) return [];
  const pair = size <= side ? await scene(work, size) : repeatedScene(scratch, await scene(work, side), side, size);
  const output = join(scratch, 'grown.tif');
  const run = jobRun(['blur', pair.image, '--map', pair.map, '--compression', codec, '--threads', '2'], output);
  const [times] = contest([run], { rounds: size > USUAL ? 1 : rounds, warmUp: false, inputs: [] });
  rmSync(output);
  const ns = (Math.min(...times!.cpuSeconds) * 1e9) / size ** 2;
  return [{ codec, size, ns, peakBytes: resultOf(times!).peakMemoryBytes }];
}

/** Peak memory of the largest image, and against that of the everyday one, a quarter as wide. */
function memoryRows(grown: readonly Grown[], sizes: readonly number[]): PageRow[] {
  const huge = sizes.at(-1)!;
  const everyday = sizes.findLast((size) => size <= huge / 4) ?? sizes[0]!;
  const peak = (size: number) => grown.find((each) => each.size === size && each.codec === 'deflate')?.peakBytes;
  const [small, large] = [peak(everyday), peak(huge)];
  const row = (wanted: Wanted, figure: number): PageRow => ({
    ...{ ...wanted, figure },
    ...(Number.isNaN(figure) && { missing: 'no room on the disk' }),
  });
  const [ratio, mib] = [(large ?? Number.NaN) / (small ?? Number.NaN), (large ?? Number.NaN) / 2 ** 20];
  return [
    row({ row: '4', what: `peak memory ${huge}² / ${everyday}²`, target: { atMost: 1.2 }, unit: '×' }, ratio),
    row({ row: '4', what: `peak memory ${huge}²`, target: { atMost: 512 }, unit: 'MiB' }, mib),
  ];
}

/** The dearest pixel of any larger image against that of the usual one. */
function growthRow(grown: readonly Grown[], codec: Codec, usual: number): PageRow {
  const ofCodec = grown.filter((each) => each.codec === codec && each.size >= usual);
  const largest = ofCodec.at(-1)?.size ?? usual;
  return {
    ...{ row: 'growth', target: { atMost: 1.2 }, unit: '× linear' },
    what: `processor time of a pixel, ${codec === 'none' ? 'uncompressed' : codec}, ${usual}² to ${largest}²`,
    figure: Math.max(...ofCodec.map(({ ns }) => ns)) / (ofCodec[0]?.ns ?? Number.NaN),
  };
}

function growthTable(grown: readonly Grown[], sizes: readonly number[], usual: number): Section {
  const find = (size: number, codec: Codec) => grown.find((each) => each.size === size && each.codec === codec);
  const cells = (size: number, codec: Codec) => {
    const [own, against] = [find(size, codec), find(usual, codec)];
    return own && against ? [own.ns.toFixed(1), (own.ns / against.ns).toFixed(2)] : ['no room on the disk', ''];
  };
  const peak = (size: number) =>
    Math.max(...grown.filter((each) => each.size === size).map(({ peakBytes }) => peakBytes)) / 2 ** 20;
  const column = (codec: string) => [`${codec}, ns`, `${codec} against ${usual}²`];
  return {
    title: 'Growth with size: processor time of a pixel',
    columns: ['side', ...column('uncompressed'), ...column('deflate'), 'peak, MiB'],
    lines: sizes.map((size) => [`${size}²`, ...CODECS.flatMap((codec) => cells(size, codec)), peak(size).toFixed(0)]),
  };
}
