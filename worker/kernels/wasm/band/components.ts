import {
  type BandComponents,
  joinChannels,
  labelsOf,
  splitChannels,
  tellComponents,
} from '../../../../tiling/operations/band/components.js';
import { componentsWanted } from '../../../../tiling/operations/band/label.js';
import type { Operation } from '../../../../tiling/operations/contract/descriptor.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, PartialKernel, TileRaster } from '../../kernel.js';
import { holeValue } from '../../reference/band/components.js';
import { sampleIndex } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { NODATA_ENTRY_BYTES, NodataTable } from '../samples/nodata.js';
import { addressOf } from '../samples/point-rows.js';
import { validityOf } from '../samples/validity-rows.js';
import { endingOf } from './distance.js';

const EXPORTS = [
  ...(['rowRuns8', 'rowRuns16', 'rowRuns32', 'rowRunsLabels'] as const),
  ...(['numberRuns', 'addAreas', 'writeLabels'] as const),
] as const;

/** int32 numbers of a run: first column, the one behind the last, its component's number. */
const RUN = 3;

/** The components of a band by their runs, in the arena. */
interface BandRuns extends BandComponents {
  /** {@link RUN} numbers for each. */
  readonly runs: Int32Array;
  /** The first run of each row, then their count. */
  readonly rows: Int32Array;
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
    const { rect, channels, dtype } = band;
    const { white, connectivity } = componentsWanted(operation);
    const anyNodata = nodata.fill(band, context.nodata);
    const plain = Number(!anyNodata && band.valid === undefined);
    const validAt = validityOf(arena, band);
    const entry = nodata.address + channel * NODATA_ENTRY_BYTES;
    const rowRuns = module[`rowRuns${endingOf(dtype)}`];
    const step = channels * SAMPLE_BYTES[dtype];
    const address = arena.alloc((rect.height * Math.ceil(rect.width / 2) + 1) * RUN * 4);
    const rows = new Int32Array(arena.memory.buffer, arena.alloc((rect.height + 1) * 4), rect.height + 1);
    let [above, begin] = [0, 0];
    for (let y = 0; y < rect.height; y++) {
      rows[y] = begin;
      const source = addressOf(arena, band, rect.x, rect.y + y) + channel * SAMPLE_BYTES[dtype];
      const about = [Number(white), entry, validAt(rect.x, rect.y + y), plain] as const;
      const reach = connectivity === 8 ? 1 : 0;
      const end = rowRuns(source, step, rect.width, ...about, address, above, begin, reach);
      [above, begin] = [begin, end];
    }
    rows[rect.height] = begin;
    const count = module.numberRuns(address, begin);
    const runs = new Int32Array(arena.memory.buffer, address, begin * RUN);
    const areas = new Int32Array(arena.memory.buffer, arena.alloc((count + 1) * 4), count + 1).fill(0);
    const atEdge = new Uint8Array(arena.memory.buffer, arena.alloc(count + 1), count + 1).fill(0);
    for (let y = 0; y < rect.height; y++) {
      const isEdge = Number(rect.y + y === 0 || rect.y + y === context.image.height - 1);
      module.addAreas(address, rows[y]!, rows[y + 1]!, rect.width, isEdge, areas.byteOffset, atEdge.byteOffset);
    }
    return {
      ...{ count, areas, runs, rows, atEdge },
      ...{ top: rowNumbers(runs, rows, 0, rect.width), bottom: rowNumbers(runs, rows, rect.height - 1, rect.width) },
      hasAbove: rect.y > 0,
      hasBelow: rect.y + rect.height < context.image.height,
    };
  }

  function eachBand(input: TileRaster, operation: Operation, context: KernelContext, visit: VisitBand): void {
    const handed = splitChannels(context.handed!);
    for (let c = 0; c < input.channels; c++) {
      const mark = arena.mark();
      const band = runsOf(input, operation, context, c);
      visit(band, labelsOf(band, handed[c]!, componentsWanted(operation)), c);
      arena.release(mark);
    }
  }

  return {
    partial: (band, operation, context) => {
      const rule = componentsWanted(operation);
      const texts = Array.from({ length: band.channels }, (_, channel) => {
        const mark = arena.mark();
        const text = tellComponents(runsOf(band, operation, context, channel), rule);
        arena.release(mark);
        return text;
      });
      return joinChannels(texts);
    },

    label: (input, output, operation, context) => {
      const { rect, channels } = output;
      eachBand(input, operation, context, ({ runs, rows }, labels, c) => {
        const table = new Uint32Array(arena.memory.buffer, arena.alloc(labels.byteLength), labels.length);
        table.set(labels);
        for (let y = rect.y; y < rect.y + rect.height; y++) {
          const row = y - input.rect.y;
          const into = addressOf(arena, output, rect.x, y) + c * 4;
          const span = [rect.x, rect.x + rect.width] as const;
          module.writeLabels(
            runs.byteOffset,
            rows[row]!,
            rows[row + 1]!,
            table.byteOffset,
            into,
            channels * 4,
            ...span,
          );
        }
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

function rowNumbers(runs: Int32Array, rows: Int32Array, row: number, width: number): Int32Array {
  const numbers = new Int32Array(width);
  for (let run = rows[row]! * RUN; run < rows[row + 1]! * RUN; run += RUN) {
    numbers.fill(runs[run + 2]!, runs[run]!, runs[run + 1]!);
  }
  return numbers;
}
