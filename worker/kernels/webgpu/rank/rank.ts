import { area } from '../../../../tiling/geometry/rect.js';
import { memberOffsets } from '../../../../tiling/operations/footprint/runs.js';
import { footprintOf, percentileOf, rankOf } from '../../../../tiling/operations/rank/rank.js';
import { SAMPLE_BYTES } from '../../../../tiling/raster/dtype.js';
import { type DeviceStep, type GpuKernel, unfitPixels } from '../device/gpu-kernel.js';
import { uniformsOf } from '../device/uniforms.js';
import { weighedPixels } from '../samples/weighed-pixels.js';

/** Larger footprints are walked faster by the processor's running structures than sample by sample here. */
const MAX_MEMBERS = 1024;
const MODES: Readonly<Record<string, number>> = { max: 1, min: 2 };

/**
 * Largest, smallest, median and percentile under any footprint. Integers only, compared and counted, so equal to
 * the reference for uint8 and uint16; nodata and masked pixels take no part.
 */
export const gpuRank: GpuKernel = {
  variants: ({ operation, input }) => [
    `${MODES[operation.name] ? operation.name : 'rank'} ${input.dtype}×${input.channels}`,
  ],
  refusal(step) {
    const { count } = footprintOf(step.operation);
    return (
      unfitPixels(step, { nodata: true, alpha: true, masks: true }) ??
      (count > MAX_MEMBERS ? `${count} samples a window` : undefined)
    );
  },
  scratchBytes: () => ({ largest: MAX_MEMBERS * 8, total: MAX_MEMBERS * 12 }),
  async encode(run, step, { input, output }) {
    const bytes = SAMPLE_BYTES[step.input.dtype];
    const { members, ranks } = membersOf(step);
    const samples = area(output.rect) * step.input.channels;
    const mode = MODES[step.operation.name] ?? 0;
    const constants = { CHANNELS: step.input.channels, BYTES: bytes, MODE: mode };
    await run.dispatch(
      { files: ['samples/samples', 'samples/validity', 'rank/rank'], entry: 'rankFilter', constants },
      uniformsOf('rank/rank', {
        ...{ inputWidth: input.rect.width, inputHeight: input.rect.height, outputWidth: output.rect.width },
        ...{ x: output.rect.x - input.rect.x, y: output.rect.y - input.rect.y },
        ...{ samples, members: members.length / 2 },
      }),
      {
        ...(await weighedPixels(run, step, input, false)),
        2: await run.constantData(members),
        3: await run.constantData(ranks),
        4: output.buffer,
      },
      run.linearGroups(Math.ceil((samples * bytes) / 4)),
    );
  },
};

/** Offsets of the footprint's members as pairs of int32, and the rank to take of n samples, n from 0 on. */
function membersOf({ operation }: DeviceStep): { members: Uint32Array<ArrayBuffer>; ranks: Uint32Array<ArrayBuffer> } {
  const footprint = footprintOf(operation);
  const offsets = memberOffsets(footprint).flatMap(({ dx, dy }) => [dx, dy]);
  const percentile = percentileOf(operation);
  return {
    members: Uint32Array.from(offsets, (offset) => offset >>> 0),
    ranks: Uint32Array.from({ length: footprint.count + 1 }, (_, count) =>
      count === 0 ? 0 : rankOf(percentile, count),
    ),
  };
}
