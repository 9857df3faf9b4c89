import { loadSharp } from '../codecs/load-sharp.js';
import { HalotileError } from '../errors.js';
import { type Rect, rectOf, type Size } from '../geometry/rect.js';
import { rectAtLevel } from './file-picture.js';
import type { Picture } from './picture.js';
import { type ToneOptions, toRgba } from './tone.js';

/** Formats of pictures for viewers. */
export const PICTURE_FORMATS = ['png', 'jpg', 'webp'] as const;
/** One of {@link PICTURE_FORMATS}. */
export type PictureFormat = (typeof PICTURE_FORMATS)[number];

/** One picture of a part of an image, as the IIIF Image API asks for it. */
export interface RenderRequest extends ToneOptions {
  /** In pixels of level 0, within the image. */
  readonly region: Rect;
  readonly size: Size;
  readonly rotation?: 0 | 90 | 180 | 270;
  readonly mirrored?: boolean;
  readonly quality?: 'default' | 'color' | 'gray' | 'bitonal';
  readonly format: PictureFormat;
}

/** Pixels that one request may read; what needs more is taken from the smallest level, and is less sharp. */
const MAX_READ_PIXELS = 2 ** 24;
/** Pixels that one answer may have. */
export const MAX_ANSWER_PIXELS = 2 ** 24;
const JPEG_QUALITY = 90;

/**
 * The encoded picture. Read is the coarsest level that is no coarser than what was asked for.
 * @throws over-limit where the answer would have more than {@link MAX_ANSWER_PIXELS}
 */
export async function render(picture: Picture, request: RenderRequest): Promise<Buffer> {
  const { region, size, format } = request;
  if (size.width * size.height > MAX_ANSWER_PIXELS) {
    const what = `a picture of ${size.width}×${size.height} pixels`;
    throw new HalotileError('over-limit', { what, expected: `at most ${MAX_ANSWER_PIXELS} pixels` });
  }
  const level = levelFor(picture, region, size);
  const rect = rectAtLevel(region, rectOf(picture.levels[0]!), picture.levels[level]!);
  const rgba = toRgba(await picture.read(level, rect), picture.info, request);
  const sharp = await loadSharp();
  let image = sharp(rgba, { raw: { width: rect.width, height: rect.height, channels: 4 } });
  if (rect.width !== size.width || rect.height !== size.height) {
    const larger = size.width > rect.width || size.height > rect.height;
    // Enlarged pixels are shown as what they are.
    image = image.resize(size.width, size.height, { fit: 'fill', kernel: larger ? 'nearest' : 'mitchell' });
  }
  if (request.mirrored === true) image = image.flop();
  if (request.rotation !== undefined && request.rotation !== 0) {
    // Before libvips may put the steps into an order of its own.
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    image = sharp(data, { raw: info }).rotate(request.rotation);
  }
  if (request.quality === 'gray') image = image.grayscale();
  if (request.quality === 'bitonal') image = image.threshold(128);
  switch (format) {
    case 'png':
      return image.png({ compressionLevel: 2, adaptiveFiltering: false }).toBuffer();
    case 'webp':
      return image.webp({ lossless: true, effort: 0 }).toBuffer();
    case 'jpg':
      return image.flatten({ background: '#808080' }).jpeg({ quality: JPEG_QUALITY }).toBuffer();
  }
}

function levelFor({ levels }: Picture, region: Rect, size: Size): number {
  const [full] = levels as [Size];
  const wanted = Math.max(1, Math.min(region.width / size.width, region.height / size.height));
  const small = levels.length - 1;
  // A level's sides are rounded: half a percent decides nothing.
  const fitting = levels.findLastIndex((level) => full.width / level.width <= wanted * 1.005);
  const rect = rectAtLevel(region, rectOf(full), levels[Math.max(0, fitting)]!);
  return rect.width * rect.height > MAX_READ_PIXELS ? small : Math.max(0, fitting);
}
