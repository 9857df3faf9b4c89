import { extremumRowBytes, levelsOf } from '../../../../tiling/operations/footprint/runs.js';
import { footprintOf } from '../../../../tiling/operations/rank/rank.js';
import type { DType } from '../../../../tiling/raster/dtype.js';
import { SAMPLE_BYTES, viewSamples } from '../../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import { invalidSamplesOf } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid, keepInvalid } from '../samples/invalid-samples.js';

const EXPORTS = ['widen8', 'widen16', 'widen32', 'gather8', 'gather16', 'gather32'] as const;
const BITS = { uint8: 8, uint16: 16, uint32: 32, float32: 32 } as const;

/**
 * Largest or smallest sample under any footprint. The footprint is cut into horizontal runs; the extremum of a
 * run of L samples is that of two overlapping runs of 2^p, and those come from log2 L passes over the row. Each
 * input row is gathered into every output row whose footprint holds it. Comparisons only: exact. Footprints that may
 * find no sample go to `rank`, which gives them a value.
 */
export function wasmExtremum(arena: WasmArena, rank: Kernel): Kernel {
  const module = instantiate(arena, 'rank/extremum', EXPORTS);
  return (input, output, operation, context) => {
    const footprint = footprintOf(operation);
    const { runs } = footprint;
    const hasCentre = runs.some(({ dx, dy, length }) => dy === 0 && dx <= 0 && dx + length > 0);
    const canBeEmpty = !hasCentre && (operation.border === 'clip' || hasInvalid(input, context));
    if (canBeEmpty) return rank(input, output, operation, context);
    const mark = arena.mark();
    const largest = operation.name === 'max';
    const { dtype, channels, rect } = output;
    const bytes = SAMPLE_BYTES[dtype];
    const rowBytes = extremumRowBytes(rect.width, footprint.width, channels, dtype);
    const levels = Array.from({ length: levelsOf(runs) + 1 }, () => arena.alloc(rowBytes));
    const padded = viewSamples(dtype, arena.memory.buffer, levels[0]!, rowBytes / bytes);
    const place = (input.rect.x - rect.x + footprint.reach.left) * channels;
    const identity = identityOf(dtype, largest);
    padded.fill(identity);
    const widen = module[`widen${BITS[dtype]}`];
    const gather = module[`gather${BITS[dtype]}`];
    const copyRow = rowCopier(input, context, identity);
    const into = arena.addressOf(output.samples);
    for (let y = 0; y < rect.height; y++) {
      output.samples.fill(identity, y * output.stride, y * output.stride + rect.width * channels);
    }
    for (let row = 0; row < input.rect.height; row++) {
      copyRow(row, padded, place);
      for (let p = 1; p < levels.length - 1; p++) {
        widen(levels[p - 1]!, levels[p]!, rowBytes, 2 ** (p - 1) * channels * bytes, Number(largest));
      }
      for (const { dx, dy, length } of runs) {
        const y = input.rect.y + row - dy - rect.y;
        if (y < 0 || y >= rect.height) continue;
        const p = Math.floor(Math.log2(length));
        const level = levels[p]! + (dx + footprint.reach.left) * channels * bytes;
        const shift = (length - 2 ** p) * channels * bytes;
        gather(level, into + y * output.stride * bytes, rect.width * channels * bytes, shift, Number(largest));
      }
    }
    arena.release(mark);
    keepInvalid(input, output, context);
  };
}

/** The sample that never wins. */
function identityOf(dtype: DType, largest: boolean): number {
  if (dtype === 'float32') return largest ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (largest) return 0;
  return dtype === 'uint8' ? 255 : 65535;
}

function rowCopier(input: TileRaster, context: KernelContext, identity: number) {
  const { samples, stride, channels, rect } = input;
  const count = rect.width * channels;
  const isInvalid = hasInvalid(input, context) ? invalidSamplesOf(input, context) : undefined;
  return (row: number, padded: TileRaster['samples'], place: number) => {
    padded.set(samples.subarray(row * stride, row * stride + count), place);
    if (isInvalid === undefined) return;
    for (let i = 0; i < count; i += channels) {
      for (let c = 0; c < channels; c++) if (isInvalid(row * stride + i, c)) padded[place + i + c] = identity;
    }
  };
}
