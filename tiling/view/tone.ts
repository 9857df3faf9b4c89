import { asShown, rgbByFormula } from '../colours/to-rgb.js';
import { type Rect, rectOf } from '../geometry/rect.js';
import { INTEGER_MAX } from '../raster/dtype.js';
import { alphaChannel, colourChannels } from '../raster/extra-samples.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { Picture, PictureSamples } from './picture.js';

/** The values that are shown black and white. */
export interface ToneRange {
  readonly low: number;
  readonly high: number;
}

/** Colours of a picture: its own, or of one channel from blue over green to yellow, as maps are shown best. */
export const PICTURE_STYLES = ['own', 'heat'] as const;
/** One of {@link PICTURE_STYLES}. */
export type PictureStyle = (typeof PICTURE_STYLES)[number];

/** A level no larger is looked at whole for its range. */
const WHOLE_PIXELS = 2 ** 22;
/** Of a larger one, so many patches a side are looked at, of so many pixels a side. */
const PATCHES = 8;
const PATCH_SIDE = 64;

/**
 * What the samples of the shown channels span: exactly where the picture has a small level, else as far as patches all
 * over it say. `stretch` does so for bytes too, which are else shown as they are.
 */
export async function toneRange(picture: Picture, stretch: boolean): Promise<ToneRange> {
  const { info, levels } = picture;
  if (info.dtype === 'uint8' && !stretch) return { low: 0, high: INTEGER_MAX.uint8 };
  const level = levels.length - 1;
  const size = levels[level]!;
  const whole = size.width * size.height <= WHOLE_PIXELS && (await isWhole(picture, level));
  const span = { low: Number.POSITIVE_INFINITY, high: Number.NEGATIVE_INFINITY };
  if (whole) widen(span, await picture.read(level, rectOf(size)), info);
  else {
    const from = picture.levels[0]!;
    for (const rect of patchesOf(from)) widen(span, await picture.read(0, rect), info);
  }
  return span.low <= span.high ? span : { low: 0, high: 1 };
}

async function isWhole(picture: Picture, level: number): Promise<boolean> {
  return (await picture.read(level, { x: 0, y: 0, ...picture.levels[level]! })).present === undefined;
}

function* patchesOf({ width, height }: { readonly width: number; readonly height: number }): Generator<Rect> {
  const side = { width: Math.min(PATCH_SIDE, width), height: Math.min(PATCH_SIDE, height) };
  for (let row = 0; row < PATCHES; row++) {
    for (let column = 0; column < PATCHES; column++) {
      const x = Math.round(((width - side.width) * column) / (PATCHES - 1));
      const y = Math.round(((height - side.height) * row) / (PATCHES - 1));
      yield { x, y, ...side };
    }
  }
}

function widen(span: { low: number; high: number }, stored: PictureSamples, storedInfo: RasterInfo): void {
  const { present } = stored;
  const samples = rgbByFormula(stored.samples, storedInfo);
  const info = asShown(storedInfo);
  const { channels, nodata } = info;
  const shown = shownChannels(info);
  for (let pixel = 0; pixel * channels < samples.length; pixel++) {
    if (present?.[pixel] === 0) continue;
    for (let c = 0; c < shown; c++) {
      const value = samples[pixel * channels + c]!;
      if (!Number.isFinite(value) || value === nodata?.[c]) continue;
      if (value < span.low) span.low = value;
      if (value > span.high) span.high = value;
    }
  }
}

/** Three where there are colours, or three bands of other things, which show best as if they were; else one. */
function shownChannels(info: RasterInfo): 1 | 3 {
  const bands = alphaChannel(info) === undefined && info.photometric === 1 ? info.channels : colourChannels(info);
  return bands >= 3 ? 3 : 1;
}

/** How samples become bytes. */
export interface ToneOptions extends ToneRange {
  readonly style: PictureStyle;
}

/** Samples as RGBA bytes: nothing where nothing is yet, or where a sample is nodata. */
export function toRgba(stored: PictureSamples, storedInfo: RasterInfo, tone: ToneOptions): Uint8Array {
  const { present } = stored;
  const samples = rgbByFormula(stored.samples, storedInfo);
  const info = asShown(storedInfo);
  const { channels, nodata, photometric } = info;
  const pixels = samples.length / channels;
  const rgba = new Uint8Array(pixels * 4);
  const colours = tone.style === 'heat' ? 1 : shownChannels(info);
  const alpha = tone.style === 'heat' ? undefined : alphaChannel(info);
  const opaque = info.dtype === 'float32' ? 1 : INTEGER_MAX[info.dtype];
  const scale = 1 / (tone.high - tone.low || 1);
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (present?.[pixel] === 0) continue;
    const from = pixel * channels;
    const to = pixel * 4;
    const opacity = alpha === undefined ? 1 : samples[from + alpha.channel]! / opaque;
    let isThere = true;
    for (let c = 0; c < 3; c++) {
      const channel = colours === 3 ? c : 0;
      const stored = samples[from + channel]!;
      if (Number.isNaN(stored) || stored === nodata?.[channel]) isThere = false;
      const value = alpha?.kind === 'associated' && opacity > 0 ? stored / opacity : stored;
      const share = Math.min(1, Math.max(0, (value - tone.low) * scale));
      rgba[to + c] =
        tone.style === 'heat' ? heat(share)[c]! : Math.round(255 * (photometric === 0 ? 1 - share : share));
    }
    if (isThere) rgba[to + 3] = Math.round(255 * Math.min(1, Math.max(0, opacity)));
  }
  return rgba;
}

/** Corners of matplotlib's viridis, which reads the same in grey and to the colour-blind. */
const HEAT = [
  [68, 1, 84],
  [71, 44, 122],
  [59, 81, 139],
  [44, 113, 142],
  [33, 144, 141],
  [39, 173, 129],
  [92, 200, 99],
  [170, 220, 50],
  [253, 231, 37],
] as const;

const HEAT_TABLE = Array.from({ length: 256 }, (_, index) => {
  const at = (index / 255) * (HEAT.length - 1);
  const left = Math.min(HEAT.length - 2, Math.floor(at));
  return [0, 1, 2].map((c) => Math.round(HEAT[left]![c]! + (at - left) * (HEAT[left + 1]![c]! - HEAT[left]![c]!)));
});

function heat(share: number): readonly number[] {
  return HEAT_TABLE[Math.round(share * 255)]!;
}
