import { usesScaleSpace } from '../../../../tiling/operations/gaussian.js';
import type { Operation } from '../../../../tiling/operations/index.js';
import { imagesOf } from '../../../../tiling/operations/parameter-files.js';
import { type ChainLink, linkChainWith, middleTile } from '../../../../tiling/plan/chain.js';
import { filterStage } from '../../../../tiling/plan/levels.js';
import { chainTypes } from '../../../../tiling/plan/memory.js';
import type { Plan } from '../../../../tiling/plan/plan.js';
import type { RasterInfo } from '../../../../tiling/raster/raster-info.js';
import type { TileMap } from '../../kernel.js';
import type { DeviceLimits } from '../device/adapter.js';
import type { DeviceStep } from '../device/gpu-kernel.js';
import { scaleIntervals } from '../gaussian/scale-intervals.js';
import { deviceRefusal } from './chain-request.js';

/** What a step is made of beside its link. */
export interface StepPixels {
  /** Pixels before and after the operation. */
  readonly before: RasterInfo;
  readonly after: RasterInfo;
  /** Whether some pixels of the tile are masked. */
  readonly masked?: boolean;
  /** The images that the operation reads beside its input, by parameter. */
  readonly frames?: DeviceStep['frames'];
  /** The largest radius in the link's map rect, for operations by map. */
  readonly mapMax?: number;
}

/** One link of a chain as a device is asked to run it. */
export function deviceStep({ operation, window, output, image }: ChainLink, pixels: StepPixels): DeviceStep {
  const { before, after, masked, frames, mapMax } = pixels;
  return {
    ...{ operation, window, output, image },
    input: { dtype: before.dtype, channels: before.channels },
    result: { dtype: after.dtype, channels: after.channels },
    alpha: before.alpha,
    ...(before.nodata && { nodata: before.nodata }),
    ...(masked && { masked }),
    ...(frames && { frames }),
    ...(operation.byMap && { mapMax }),
  };
}

/** A step with the intervals that its pixels stand in, where it is a blur between scale-space levels. */
export function withIntervals(step: DeviceStep, map: TileMap | undefined): DeviceStep {
  if (map === undefined || step.operation.name !== 'gaussian' || !usesScaleSpace(step.operation)) return step;
  return { ...step, intervals: scaleIntervals(map) };
}

/** Types of the images that an operation reads beside its input, by parameter; undefined where it reads none. */
export function framesOf(
  operation: Operation,
  typeOf: (path: string) => Pick<RasterInfo, 'dtype' | 'channels'>,
): DeviceStep['frames'] {
  const named = imagesOf(operation);
  const types = named.map(({ param, path }) => {
    const { dtype, channels } = typeOf(path);
    return [param, { dtype, channels }] as const;
  });
  return types.length === 0 ? undefined : Object.fromEntries(types);
}

/** Where one operation of a chain is computed in a job that a device takes part in. */
export interface Placement {
  readonly operation: Operation['name'];
  readonly on: 'gpu' | 'processor';
  /** Why it is not on the device, in a few words. */
  readonly why?: string;
}

/**
 * Where each operation of a plan is computed, by its largest tile and as if other images had the image's type; tiles with a smaller halo may find more on the
 * device, and a kernel that fails its self-check there moves to the processor.
 */
export function placementsOf(plan: Plan, limits: DeviceLimits): Placement[] {
  const tile = middleTile(plan.output, filterStage(plan).tileSide);
  const links = linkChainWith(plan.operations, tile, plan.image, plan.mapMaxBound);
  const types = chainTypes(plan.operations, plan.image);
  return links.map((link, index) => {
    const { name } = link.operation;
    const step = deviceStep(link, {
      before: types[index]!,
      after: types[index + 1]!,
      masked: plan.mask !== undefined,
      frames: framesOf(link.operation, () => types[index]!),
      mapMax: plan.mapMaxBound,
    });
    const why = deviceRefusal(step, limits);
    return why === undefined ? { operation: name, on: 'gpu' } : { operation: name, on: 'processor', why };
  });
}
