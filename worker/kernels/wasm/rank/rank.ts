import { area, around, intersect, shrink } from '../../../../tiling/geometry/rect.js';
import { footprintOf, percentileOf, rankOf, selectionBytes } from '../../../../tiling/operations/rank/rank.js';
import { rankForm } from '../../../../tiling/operations/rank/rank-form.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type Kernel, partOf } from '../../kernel.js';
import { nodataOf } from '../../reference/samples/pixels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';
import { hasInvalid, keepInvalid } from '../samples/invalid-samples.js';
import { validityOf } from '../samples/validity-rows.js';
import { wholeRanks } from './whole-windows.js';

const EXPORTS = ['configure', 'rankRow8', 'rankRow16', 'rankRow32'] as const;

/**
 * The sample of a rank under any footprint: counting and comparing only, so exact. Where all samples are valid, those windows
 * that lie wholly in the input are taken in the form that `rankForm` names, whatever else one by one.
 */
export function wasmRank(arena: WasmArena): Kernel {
  const single = singleRanks(arena);
  const whole = wholeRanks(arena);
  return (input, output, operation, context) => {
    const footprint = footprintOf(operation);
    const rank = rankOf(percentileOf(operation), footprint.count);
    const form = rankForm(input.dtype, footprint, rank);
    const inner = intersect(output.rect, shrink(input.rect, footprint.reach));
    const isPlain = form !== 'single' && area(inner) > 0 && !hasInvalid(input, context) && whole.isOrdered(input);
    if (!isPlain) {
      single(input, output, operation, context);
      return;
    }
    whole.take(form, { input, output: partOf(output, inner), footprint, rank });
    for (const rest of around(output.rect, inner)) single(input, partOf(output, rest), operation, context);
  };
}

/**
 * One window after the other: a sliding histogram for integers, selection for floats. A window costs its border in integers
 * (two samples a run), its area in floats.
 */
function singleRanks(arena: WasmArena): Kernel {
  const module = instantiate(arena, 'rank/rank', EXPORTS);
  return (input, output, operation, context) => {
    const mark = arena.mark();
    const footprint = footprintOf(operation);
    const { runs } = footprint;
    const table = arena.alloc(runs.length * 12);
    new Int32Array(arena.memory.buffer, table, runs.length * 3).set(
      runs.flatMap(({ dx, dy, length }) => [dx, dy, length]),
    );
    const { dtype, channels, rect, stride } = output;
    const bytes = SAMPLE_BYTES[dtype];
    const scratchBytes = selectionBytes(dtype, footprint);
    const scratch = arena.alloc(scratchBytes);
    new Uint8Array(arena.memory.buffer, scratch, scratchBytes).fill(0);
    module.configure(
      arena.addressOf(input.samples),
      input.stride * bytes,
      input.rect.width,
      input.rect.height,
      channels,
      table,
      runs.length,
      scratch,
      percentileOf(operation),
      validityOf(arena, input)(input.rect.x, input.rect.y),
      input.stride / channels,
    );
    const nodata = nodataOf(input, context);
    const into = arena.addressOf(output.samples);
    const x = rect.x - input.rect.x;
    for (let row = 0; row < rect.height; row++) {
      const y = rect.y - input.rect.y + row;
      for (let c = 0; c < channels; c++) {
        const at = into + (row * stride + c) * bytes;
        const value = nodata[c]!;
        if (dtype === 'float32') module.rankRow32(x, y, c, at, rect.width, value === null ? 0 : 1, value ?? 0);
        else if (dtype === 'uint16') module.rankRow16(x, y, c, at, rect.width, value ?? -1);
        else module.rankRow8(x, y, c, at, rect.width, value ?? -1);
      }
    }
    arena.release(mark);
    keepInvalid(input, output, context);
  };
}
