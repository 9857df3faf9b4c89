import { usesScaleSpace } from '../../../../tiling/operations/gaussian.js';
import { SCALE_SPACE_CHANNELS } from '../../../../tiling/operations/scratch.js';
import type { Kernel, KernelContext, TileRaster } from '../../kernel.js';
import type { WasmArena } from '../memory/arena.js';

/**
 * The scale space holds as many channels as a vector has lanes. Images of more are blurred in groups of channels, each
 * with the alpha that weighs them; all other blurs, and images of few channels, pass as they are.
 */
export function inChannelGroups(arena: WasmArena, kernel: Kernel): Kernel {
  return (input, output, operation, context) => {
    if (!usesScaleSpace(operation) || input.channels <= SCALE_SPACE_CHANNELS)
      return kernel(input, output, operation, context);
    for (const { channels, kept } of groupsOf(input.channels, context.alpha)) {
      const mark = arena.mark();
      const part = { ...grouped(arena, input, channels.length), ...withMask(arena, input) };
      copyChannels(input, part, channels);
      const result = grouped(arena, output, channels.length);
      kernel(part, result, operation, { ...context, ...nodataOf(context, channels) });
      copyBack(result, output, channels.slice(0, kept));
      arena.release(mark);
    }
  };
}

interface Group {
  readonly channels: readonly number[];
  /** How many of them, from the first on, are results; alpha that only weighs is not. */
  readonly kept: number;
}

function groupsOf(count: number, alpha: KernelContext['alpha']): Group[] {
  const weighted = alpha === 'unassociated';
  const size = weighted ? SCALE_SPACE_CHANNELS - 1 : SCALE_SPACE_CHANNELS;
  const colours = weighted ? count - 1 : count;
  const groups: Group[] = [];
  for (let from = 0; from < colours; from += size) {
    const channels = Array.from({ length: Math.min(size, colours - from) }, (_, i) => from + i);
    const last = from + size >= colours;
    if (weighted) groups.push({ channels: [...channels, count - 1], kept: channels.length + Number(last) });
    else groups.push({ channels, kept: channels.length });
  }
  return groups;
}

function nodataOf({ nodata }: KernelContext, channels: readonly number[]): Pick<KernelContext, 'nodata'> {
  return nodata === undefined ? {} : { nodata: channels.map((c) => nodata[c] ?? null) };
}

/** An empty dense raster of the same pixels with that many channels. */
function grouped(arena: WasmArena, { rect, dtype }: TileRaster, channels: number): TileRaster {
  const stride = rect.width * channels;
  return { rect, dtype, channels, stride, samples: arena.allocSamples(dtype, stride * rect.height) };
}

/** The raster's validity with dense rows. */
function withMask(arena: WasmArena, { rect, valid, stride, channels }: TileRaster): Pick<TileRaster, 'valid'> {
  if (valid === undefined) return {};
  const dense = arena.allocSamples('uint8', rect.width * rect.height) as Uint8Array;
  for (let y = 0; y < rect.height; y++) {
    const row = (y * stride) / channels;
    dense.set(valid.subarray(row, row + rect.width), y * rect.width);
  }
  return { valid: dense };
}

/** Takes channels out of a raster: channel i of `to` becomes channel `channels[i]` of `from`. */
function copyChannels(from: TileRaster, to: TileRaster, channels: readonly number[]): void {
  channels.forEach((channel, i) => {
    copyChannel({ raster: from, channel }, { raster: to, channel: i });
  });
}

/** Puts channels back where `copyChannels` took them. */
function copyBack(from: TileRaster, to: TileRaster, channels: readonly number[]): void {
  channels.forEach((channel, i) => {
    copyChannel({ raster: from, channel: i }, { raster: to, channel });
  });
}

interface ChannelOf {
  readonly raster: TileRaster;
  readonly channel: number;
}

/** Both rasters hold the same pixels. */
function copyChannel(from: ChannelOf, to: ChannelOf): void {
  const { width, height } = from.raster.rect;
  for (let y = 0; y < height; y++) {
    let source = y * from.raster.stride + from.channel;
    let into = y * to.raster.stride + to.channel;
    for (let x = 0; x < width; x++, source += from.raster.channels, into += to.raster.channels) {
      to.raster.samples[into] = from.raster.samples[source]!;
    }
  }
}
