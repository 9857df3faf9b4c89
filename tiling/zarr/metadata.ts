import { basename } from 'node:path';
import type { LevelPlan, Plan } from '../plan/plan.js';
import { pixelSizeOf } from '../raster/carried/index.js';
import { INTEGER_MAX } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import { shardSide } from './shards.js';

/** What a group of ours says that it was made by. */
export const CREATOR = 'halotile';

const COLOURS = ['FF0000', '00FF00', '0000FF'] as const;
const LABELS = ['red', 'green', 'blue'] as const;

/**
 * `zarr.json` of the group of an OME-Zarr 0.5 image: one multiscale of the axes c, y and x with an array for each level,
 * named by its number. Scales are in micrometres where the image says them. A pixel of a level covers 2^level of level 0,
 * so that the centre of its first pixel lies (2^level − 1)/2 of them further.
 */
export function groupMetadata({ output, levels }: Pick<Plan, 'output' | 'levels'>, name: string): object {
  const physical = pixelSizeOf(output);
  const space = (axis: string) => ({ name: axis, type: 'space', ...(physical && { unit: 'micrometer' }) });
  const { x, y } = physical ?? { x: 1, y: 1 };
  const datasets = levels.map((_level, index) => {
    const by = 2 ** index;
    const shift = (by - 1) / 2;
    const scale = { type: 'scale', scale: [1, y * by, x * by] };
    const translation = { type: 'translation', translation: [0, y * shift, x * shift] };
    return { path: String(index), coordinateTransformations: index === 0 ? [scale] : [scale, translation] };
  });
  const ome = {
    version: '0.5',
    multiscales: [{ name: basename(name), axes: [{ name: 'c', type: 'channel' }, space('y'), space('x')], datasets }],
    ...omero(output),
  };
  return { zarr_format: 3, node_type: 'group', attributes: { ome, _creator: { name: CREATOR } } };
}

/** How viewers show colours; of channels that are none they choose by themselves. */
function omero({ photometric, channels, dtype }: RasterInfo): object {
  if (photometric !== 2 || dtype === 'float32') return {};
  const end = INTEGER_MAX[dtype];
  const shown = Array.from({ length: channels }, (_, channel) => ({
    label: LABELS[channel] ?? `channel ${channel + 1}`,
    color: COLOURS[channel] ?? 'FFFFFF',
    active: channel < COLOURS.length,
    window: { min: 0, start: 0, end, max: end },
  }));
  return { omero: { channels: shown, rdefs: { model: 'color' } } };
}

/**
 * `zarr.json` of the array of a level (Zarr 3): shards of chunks that are the blocks of the plan as they were encoded,
 * rows of interleaved samples. What is no sample is the fill value.
 */
export function arrayMetadata({ output, block, encoding }: Plan, level: LevelPlan): object {
  const { channels, dtype, nodata } = output;
  const bytes = { name: 'bytes', configuration: { endian: 'little' } };
  const compressed = {
    none: [],
    deflate: [{ name: 'gzip', configuration: { level: encoding.level } }],
    zstd: [{ name: 'zstd', configuration: { level: encoding.level, checksum: false } }],
  }[encoding.codec as 'none' | 'deflate' | 'zstd'];
  const sharding = {
    chunk_shape: [channels, block, block],
    codecs: [{ name: 'transpose', configuration: { order: [1, 2, 0] } }, bytes, ...compressed],
    index_codecs: [bytes, { name: 'crc32c' }],
    index_location: 'end',
  };
  const side = shardSide(block, level);
  return {
    zarr_format: 3,
    node_type: 'array',
    shape: [channels, level.height, level.width],
    data_type: dtype,
    chunk_grid: { name: 'regular', configuration: { chunk_shape: [channels, side, side] } },
    chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
    fill_value: fillValue(nodata?.find((value) => value !== null)),
    codecs: [{ name: 'sharding_indexed', configuration: sharding }],
    dimension_names: ['c', 'y', 'x'],
    attributes: {},
  };
}

/** JSON has no number for some. */
function fillValue(nodata: number | null | undefined): number | string {
  return Number.isFinite(nodata) ? nodata! : nodata == null ? 0 : String(nodata);
}
