import {
  joinChannels,
  packTold,
  RUN,
  readHanded,
  splitChannels,
  TOLD,
} from '../../../../tiling/operations/band/components.js';
import { componentsWanted } from '../../../../tiling/operations/band/label.js';
import type { Operation } from '../../../../tiling/operations/contract/descriptor.js';
import type { Kernel, KernelContext, PartialKernel, TileRaster } from '../../kernel.js';
import { holeValue } from '../../reference/band/components.js';
import { sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { bandPixels, endingOf } from './band-pixels.js';

const EXPORTS = [
  ...(['bandRuns8', 'bandRuns16', 'bandRuns32', 'bandRunsLabels', 'numberRuns', 'flagRow'] as const),
  ...(['tell', 'labelComponents', 'writeLabels'] as const),
] as const;

/** No band has more: a component that ends in it and must have more does not count. */
const MOST_PIXELS = 2 ** 31 - 1;

/** The components of a band in the arena. */
interface BandRuns {
  readonly count: number;
  /** {@link RUN} numbers for each run: first column, the one behind the last, its component's number. */
  readonly runs: Int32Array;
  /** The first run of each row, then their count. */
  readonly rows: Int32Array;
  /** Pixels of each component, by its number; then what takes their place. */
  readonly areas: Int32Array;
  readonly flags: Uint8Array;
  /** Runs of the first and of the last row, where components may go on in another band. */
  readonly top: Int32Array;
  readonly bottom: Int32Array;
}

/** The kernels and the partial of operations over connected components. */
export interface ComponentKernels {
  readonly label: Kernel;
  readonly fillHoles: Kernel;
  readonly partial: PartialKernel;
}

/** Components by runs instead of floods: the same numbers, since a component's first run begins with its first pixel. */
export function wasmComponents(arena: WasmArena): ComponentKernels {
  const module = instantiate(arena, 'band/components', EXPORTS);
  const nodata = new NodataTable(arena);

  function runsOf(band: TileRaster, operation: Operation, context: KernelContext, channel: number): BandRuns {
    const { rect, dtype } = band;
    const { white, connectivity } = componentsWanted(operation);
    const anyNodata = nodata.fill(band, context.nodata);
    const address = arena.alloc((rect.height * Math.ceil(rect.width / 2) + 1) * RUN * 4);
    const rows = ints(rect.height + 1);
    const runCount = module[`bandRuns${endingOf(dtype)}`](
      ...bandPixels(arena, band, { channel, white, nodata, anyNodata }),
      ...([address, rows.byteOffset, Number(connectivity === 8)] as const),
    );
    const areas = ints(runCount + 1);
    const flags = new Uint8Array(arena.memory.buffer, arena.alloc(runCount + 1), runCount + 1);
    const count = module.numberRuns(address, runCount, rect.width, areas.byteOffset, flags.byteOffset);
    areas[0] = 0;
    const runs = new Int32Array(arena.memory.buffer, address, runCount * RUN);
    const seamRow = (row: number, isSeam: boolean) => {
      const [from, to] = [rows[row]!, rows[row + 1]!];
      module.flagRow(address, from, to, flags.byteOffset, Number(isSeam));
      return isSeam ? runs.subarray(from * RUN, to * RUN) : runs.subarray(0, 0);
    };
    const top = seamRow(0, rect.y > 0);
    const bottom = seamRow(rect.height - 1, rect.y + rect.height < context.image.height);
    return { count, runs, rows, areas, flags, top, bottom };
  }

  function ints(length: number): Int32Array {
    return new Int32Array(arena.memory.buffer, arena.alloc(length * 4), length);
  }

  /** Visits the channels of a band, each with the labels of its components by their numbers. */
  function eachBand(input: TileRaster, operation: Operation, context: KernelContext, visit: VisitBand): void {
    const { atEdge, largest, ...rule } = componentsWanted(operation);
    const minArea = Math.min(rule.minArea, MOST_PIXELS);
    const handed = splitChannels(context.handed!);
    for (let c = 0; c < input.channels; c++) {
      const mark = arena.mark();
      const band = runsOf(input, operation, context, c);
      const { areas, flags } = band;
      const { used, labels } = readHanded(handed[c]!, (band.top.length + band.bottom.length) / RUN);
      const given = ints(labels.length);
      given.set(labels);
      module.labelComponents(
        ...([
          band.count,
          areas.byteOffset,
          flags.byteOffset,
          minArea,
          Number(atEdge),
          Number(largest ?? false),
        ] as const),
        ...([used, given.byteOffset] as const),
      );
      visit(band, new Uint32Array(areas.buffer, areas.byteOffset, areas.length), c);
      arena.release(mark);
    }
  }

  /** What a band tells of one channel. */
  function tell(band: TileRaster, operation: Operation, context: KernelContext, channel: number): string {
    const { atEdge, ...rule } = componentsWanted(operation);
    const minArea = Math.min(rule.minArea, MOST_PIXELS);
    const mark = arena.mark();
    const { count, areas, flags, top, bottom } = runsOf(band, operation, context, channel);
    const told = ints(((top.length + bottom.length) / RUN) * TOLD);
    const summary = ints(4);
    module.tell(
      ...([count, areas.byteOffset, flags.byteOffset, minArea, Number(atEdge)] as const),
      ...([told.byteOffset, summary.byteOffset] as const),
    );
    const [seam, inner, place, area] = summary as unknown as [number, number, number, number];
    // The areas of told components are their places now.
    const placed = (row: Int32Array) => row.map((number, i) => (i % RUN === 2 ? areas[number]! : number));
    const components = told.subarray(0, seam * TOLD);
    const rows = { top: placed(top), bottom: placed(bottom) };
    const text = packTold({ inner, best: { place, area }, components, ...rows });
    arena.release(mark);
    return text;
  }

  return {
    partial: (band, operation, context) => {
      return joinChannels(Array.from({ length: band.channels }, (_, c) => tell(band, operation, context, c)));
    },

    label: (input, output, operation, context) => {
      const { rect, channels } = output;
      eachBand(input, operation, context, ({ runs, rows }, labels, c) => {
        const into = addressOf(arena, output, rect.x, rect.y) + c * 4;
        const firstRow = rows.byteOffset + (rect.y - input.rect.y) * 4;
        module.writeLabels(
          ...([runs.byteOffset, firstRow, rect.height, labels.byteOffset, into] as const),
          ...([output.stride * 4, channels * 4, rect.x, rect.x + rect.width] as const),
        );
      });
    },

    fillHoles: (input, output, operation, context) => {
      const { rect, channels } = output;
      const value = holeValue(operation, input.dtype);
      for (let y = rect.y; y < rect.y + rect.height; y++) {
        const from = sampleIndex(input, rect.x, y);
        const row = input.samples.subarray(from, from + rect.width * channels);
        (output.samples as Uint8Array).set(row as Uint8Array, sampleIndex(output, rect.x, y));
      }
      eachBand(input, operation, context, ({ runs, rows }, labels, c) => {
        for (let y = rect.y; y < rect.y + rect.height; y++) {
          const row = sampleIndex(output, rect.x, y) + c;
          for (let run = rows[y - input.rect.y]! * RUN; run < rows[y - input.rect.y + 1]! * RUN; run += RUN) {
            if (labels[runs[run + 2]!] === 0) continue;
            const end = Math.min(rect.x + rect.width, runs[run + 1]!);
            for (let x = Math.max(rect.x, runs[run]!); x < end; x++)
              output.samples[row + (x - rect.x) * channels] = value;
          }
        }
      });
    },
  };
}

type VisitBand = (band: BandRuns, labels: Uint32Array, channel: number) => void;
