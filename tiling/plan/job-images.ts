import { badInput, badUsage } from '../errors.js';
import type { JobSpec } from '../job/job-spec.js';
import { OPERATIONS, type Operation } from '../operations/index.js';
import { imagesOf } from '../operations/parameter-files.js';
import { carriedTo, type SampleMeaning } from '../raster/carried/index.js';
import { type DType, INTEGER_MAX } from '../raster/dtype.js';
import { alphaChannel, extraSamplesOf } from '../raster/extra-samples.js';
import { isLab } from '../raster/other-colours.js';
import { PHOTOMETRIC, type RasterInfo } from '../raster/raster-info.js';
import { said } from '../words.js';
import { chainTypes } from './memory.js';
import type { PlanInput } from './plan-input.js';

/** The image as the job sees it: nodata and alpha by the job's options. */
export function withOptions(input: PlanInput, spec: JobSpec): RasterInfo {
  const { info, path } = input;
  const weighing = spec.alpha === 'weighted' ? alphaOf(input, spec) : { alpha: 'none' as const };
  const nodata = spec.nodata === 'none' ? undefined : (spec.nodata ?? info.nodata);
  if (nodata === undefined) return { ...info, ...weighing, nodata: undefined };
  if (nodata.length !== 1 && nodata.length !== info.channels) {
    throw badUsage({
      what: `--nodata gives ${nodata.length} values`,
      file: path,
      expected: `1 or ${info.channels}, one for each channel`,
    });
  }
  const values = nodata.length === info.channels ? nodata : Array(info.channels).fill(nodata[0]);
  return {
    ...info,
    ...weighing,
    nodata: weighing.alphaAt === undefined ? values : movedLast(values, weighing.alphaAt),
  };
}

/**
 * The alpha that the file has, wherever it lies.
 * @throws bad-input where it has several, or lies where an operation looks for a colour
 */
function alphaOf({ info, path }: PlanInput, { operations }: JobSpec): Pick<RasterInfo, 'alpha' | 'alphaAt'> {
  const alpha = alphaChannel(info);
  if (alpha === undefined) return { alpha: 'none' };
  const { channel, kind } = alpha;
  const several = extraSamplesOf(info).filter((extra) => extra !== 0).length > 1;
  if (!several && channel === info.channels - 1) return { alpha: kind };
  if (!several && !operations.some(({ name }) => name === 'palette')) return { alpha: kind, alphaAt: channel };
  const bands = Array.from({ length: info.channels }, (_, index) => index);
  throw badInput({
    what: `channel ${channel + 1} of ${info.channels} is alpha (tag 338)`,
    file: path,
    expected: several ? 'one channel of alpha' : 'alpha as the last channel',
    remedy: `use --alpha channel, or reorder it: gdal_translate ${movedLast(bands, channel)
      .map((band) => `-b ${band + 1}`)
      .join(' ')} IN OUT`,
  });
}

/** A value for each channel with that of one channel at the end. */
function movedLast<V>(values: readonly V[], channel: number): V[] {
  return [...values.filter((_, index) => index !== channel), values[channel]!];
}

/** The output's description: the chain's result, in the type that the job asks for. */
export function outputInfo(source: RasterInfo, operations: readonly Operation[], spec: JobSpec): RasterInfo {
  const info = chainTypes(operations, source).at(-1)!;
  const dtype = spec.dtype ?? info.dtype;
  const fits = (value: number | null) =>
    value === null || dtype === 'float32' || (Number.isInteger(value) && value >= 0 && value <= INTEGER_MAX[dtype]);
  const unfit = info.nodata?.find((value) => !fits(value));
  if (unfit !== undefined) {
    throw badUsage({
      what: `the nodata value ${unfit} does not exist in ${dtype}`,
      expected: 'a value of the output type',
      remedy: 'give --nodata VALUE or --nodata none',
    });
  }
  return {
    ...info,
    ...photometricAs(info, source.dtype, dtype),
    dtype,
    carried: carriedTo(info.carried, { from: source, to: info, meaning: meaningOf(operations) }),
  };
}

/** L*, a* and b* in other numbers than those of the input are none to readers: then they are channels. */
function photometricAs(info: RasterInfo, from: DType, to: DType): Partial<RasterInfo> {
  if (!isLab(info) || from === to) return {};
  return { photometric: PHOTOMETRIC.blackIsZero, extraSamples: [0, 0, ...extraSamplesOf(info)] };
}

/** What a chain leaves of its samples' meaning: the least that one of its operations leaves. */
function meaningOf(operations: readonly Operation[]): SampleMeaning {
  const left = operations.map(({ name }) => OPERATIONS[name]!.meaning ?? 'other');
  return left.includes('other') ? 'other' : left.includes('difference') ? 'difference' : 'value';
}

/** @throws bad-input where a map does not belong to its image */
export function checkMap(image: Pick<PlanInput, 'path' | 'info'>, map: Pick<PlanInput, 'path' | 'info'>): void {
  if (map.info.width !== image.info.width || map.info.height !== image.info.height) {
    throw badInput({
      what: `the map is ${map.info.width}×${map.info.height}`,
      file: map.path,
      expected: said`${image.info.width}×${image.info.height}, the size of ${{ file: image.path }}`,
      remedy: 'give a map of the same size',
    });
  }
  if (map.info.channels !== 1) {
    throw badInput({
      what: `the map has ${map.info.channels} channels`,
      file: map.path,
      expected: 'one channel',
      remedy: 'extract the channel that holds the distances',
    });
  }
}

/** Whether an image of labels comes to an operation that takes none, before one whose result has a type of its own. */
export function takesValues(operations: JobSpec['operations']): boolean {
  for (const { name } of operations) {
    // What is no operation is refused when the chain is resolved.
    const operation = OPERATIONS[name];
    if (operation?.takesLabels !== true) return true;
    if (operation.outputType !== undefined) return false;
  }
  return false;
}

/**
 * Checks that a chain fits its images: operations by map see the map's own pixels, and extra images have the
 * size of what they are combined with.
 * @throws bad-usage or bad-input
 */
export function checkChain(operations: readonly Operation[], source: RasterInfo, extras: readonly PlanInput[]): void {
  const types = chainTypes(operations, source);
  for (const [index, operation] of operations.entries()) {
    const { width, height, dtype } = types[index]!;
    if (dtype === 'uint32' && OPERATIONS[operation.name]!.takesLabels !== true) {
      throw badUsage({
        what: `'${operation.name}' takes no samples of uint32${source.dtype === dtype ? '' : ', as labels are'}`,
        where: `operation ${index + 1}`,
        expected: 'uint8, uint16 or float32',
        remedy:
          source.dtype === dtype
            ? 'convert the image before: gdal_translate -ot Float32 IN OUT'
            : `put '${operation.name}' before '${operations[index - 1]!.name}', or end the chain there`,
      });
    }
    if (operation.byMap && (width !== source.width || height !== source.height)) {
      throw badUsage({
        what: `'${operation.name}' by map follows a change of size`,
        where: `operation ${index + 1}`,
        expected: `an input of ${source.width}×${source.height}, the size of the map`,
        remedy: 'put it before the downscale',
      });
    }
    for (const { path, param } of imagesOf(operation)) {
      const extra = extras.find((candidate) => candidate.path === path);
      if (extra === undefined) continue;
      if (extra.info.width !== width || extra.info.height !== height) {
        throw badInput({
          what: `the ${param} image is ${extra.info.width}×${extra.info.height}`,
          file: path,
          expected: `${width}×${height}, the size of the image it is combined with`,
        });
      }
      if (extra.info.channels !== 1 && extra.info.channels !== source.channels) {
        throw badInput({
          what: `the ${param} image has ${extra.info.channels} channels`,
          file: path,
          expected:
            source.channels === 1 ? 'one channel, as the image has' : `one channel or the image's ${source.channels}`,
        });
      }
    }
  }
}
