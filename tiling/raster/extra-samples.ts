import { type AlphaKind, PHOTOMETRIC, type RasterInfo } from './raster-info.js';

/** As TIFF's ExtraSamples tag numbers them. */
const KINDS: Readonly<Record<AlphaKind, number>> = { none: 0, associated: 1, unassociated: 2 };

/** Those of grey are one. */
const COLOUR_CHANNELS: Readonly<Record<number, number>> = {
  [PHOTOMETRIC.rgb]: 3,
  [PHOTOMETRIC.separated]: 4,
  [PHOTOMETRIC.cielab]: 3,
  [PHOTOMETRIC.icclab]: 3,
};

/** Channels that a photometric interpretation has without extra ones, at most those that there are. */
export function colourChannels({ photometric, channels }: Pick<RasterInfo, 'photometric' | 'channels'>): number {
  return Math.min(COLOUR_CHANNELS[photometric] ?? 1, channels);
}

/** What each channel beyond the colours is, as TIFF's ExtraSamples tag says it. */
export function extraSamplesOf(
  info: Pick<RasterInfo, 'photometric' | 'channels' | 'alpha' | 'extraSamples'>,
): readonly number[] {
  const extra = info.channels - colourChannels(info);
  if (info.extraSamples !== undefined && info.extraSamples.length === extra) return info.extraSamples;
  return extra === 0 ? [] : new Array<number>(extra).fill(0).with(extra - 1, KINDS[info.alpha]);
}

/** The channel that is alpha, and of which kind; undefined where there is none. */
export function alphaChannel(
  info: Parameters<typeof extraSamplesOf>[0],
): { readonly channel: number; readonly kind: Exclude<AlphaKind, 'none'> } | undefined {
  const extras = extraSamplesOf(info);
  const index = extras.findIndex((kind) => kind === KINDS.associated || kind === KINDS.unassociated);
  if (index < 0) return undefined;
  const kind = extras[index] === KINDS.associated ? 'associated' : 'unassociated';
  return { channel: info.channels - extras.length + index, kind };
}
