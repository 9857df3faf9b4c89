import { badUsage, HalotileError } from '../errors.js';
import { intersect, type Rect, rectOf, type Size } from '../geometry/rect.js';
import { MAX_ANSWER_PIXELS, PICTURE_FORMATS, type PictureFormat, type RenderRequest } from './render.js';

/** The parts of a IIIF image request's path after the identifier. */
export interface IiifPath {
  readonly region: string;
  readonly size: string;
  readonly rotation: string;
  /** `QUALITY.FORMAT`. */
  readonly name: string;
}

/** What a IIIF request asks for, before colours. */
export type IiifRequest = Required<
  Pick<RenderRequest, 'region' | 'size' | 'rotation' | 'mirrored' | 'quality' | 'format'>
>;

const QUALITIES = ['default', 'color', 'gray', 'bitonal'] as const;
const ROTATIONS = [0, 90, 180, 270] as const;
const LARGEST_SIDE = 2 ** 31;

/**
 * Reads a request as the IIIF Image API 3.0 has it, level 2, and what version 2.1 writes otherwise (`full` as a size).
 * @throws bad-usage for what is no request, or asks for a part that the image does not have
 * @see https://iiif.io/api/image/3.0/
 */
export function readIiif({ region, size, rotation, name }: IiifPath, image: Size): IiifRequest {
  const part = regionOf(region, image);
  const [, quality, format] = /^([a-z]+)\.([a-z]+)$/.exec(name) ?? [];
  const turned = /^(!?)(\d+)(?:\.0+)?$/.exec(rotation);
  const degrees = turned === null ? undefined : ROTATIONS.find((each) => each === Number(turned[2]));
  if (degrees === undefined) throw refused('rotation', rotation, '0, 90, 180 or 270, with ! before it to mirror');
  return {
    region: part,
    size: sizeOf(size, part),
    rotation: degrees,
    mirrored: turned![1] === '!',
    quality: oneOf(QUALITIES, 'quality', quality ?? name),
    format: oneOf<PictureFormat>(PICTURE_FORMATS, 'format', format ?? name),
  };
}

/** `info.json` of an image: profile level 2 and what goes beyond it. */
export function iiifInfo(id: string, image: Size, tileSide: number): object {
  const factors: number[] = [1];
  while (Math.max(image.width, image.height) / factors.at(-1)! > tileSide) factors.push(factors.at(-1)! * 2);
  return {
    '@context': 'http://iiif.io/api/image/3/context.json',
    id,
    type: 'ImageService3',
    protocol: 'http://iiif.io/api/image',
    profile: 'level2',
    ...{ width: image.width, height: image.height, maxArea: MAX_ANSWER_PIXELS },
    tiles: [{ width: tileSide, height: tileSide, scaleFactors: factors }],
    sizes: factors
      .map((factor) => ({ width: Math.ceil(image.width / factor), height: Math.ceil(image.height / factor) }))
      .filter(({ width, height }) => width * height <= MAX_ANSWER_PIXELS)
      .reverse(),
    extraFormats: ['webp'],
    extraQualities: QUALITIES.filter((quality) => quality !== 'default'),
    extraFeatures: ['mirroring', 'regionSquare', 'sizeUpscaling'],
  };
}

/** Squares of a web map: at zoom 0 one of them holds the whole image, at each next zoom a quarter of the pixels. */
export const XYZ_SIDE = 256;

/** The zoom at which squares show level 0 as it is. */
export function xyzMaxZoom({ width, height }: Size): number {
  return Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / XYZ_SIDE)));
}

/**
 * The part of the image that a square of a web map shows, cut at the image, and the size of what is shown of it.
 * @throws not-found where the square lies outside the image
 */
export function xyzRegion(image: Size, [z, x, y]: readonly [number, number, number]): { region: Rect; size: Size } {
  const side = XYZ_SIDE * 2 ** (xyzMaxZoom(image) - z);
  const whole = { x: Math.floor(x * side), y: Math.floor(y * side), width: Math.ceil(side), height: Math.ceil(side) };
  const region = intersect(whole, rectOf(image));
  if (z > xyzMaxZoom(image) || region.width <= 0 || region.height <= 0) {
    throw new HalotileError('not-found', { what: `the image has no square ${z}/${x}/${y}` });
  }
  const scaled = (length: number) => Math.max(1, Math.round((length * XYZ_SIDE) / side));
  return { region, size: { width: scaled(region.width), height: scaled(region.height) } };
}

function regionOf(text: string, image: Size): Rect {
  if (text === 'full') return rectOf(image);
  if (text === 'square') {
    const side = Math.min(image.width, image.height);
    return {
      x: Math.floor((image.width - side) / 2),
      y: Math.floor((image.height - side) / 2),
      ...{ width: side, height: side },
    };
  }
  const match = /^(pct:)?(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)$/.exec(text);
  const numbers = match?.slice(2).map(Number);
  const expected = 'full, square, X,Y,WIDTH,HEIGHT or pct: and the same in percent';
  if (numbers === undefined || (match![1] === undefined && numbers.some((value) => !Number.isInteger(value)))) {
    throw refused('region', text, expected);
  }
  const [x, y, width, height] = (
    match![1] === undefined
      ? numbers
      : numbers.map((value, index) => Math.round((value / 100) * (index % 2 === 0 ? image.width : image.height)))
  ) as [number, number, number, number];
  const region = intersect({ x, y, width, height }, rectOf(image));
  if (region.width <= 0 || region.height <= 0) throw refused('region', text, 'a part of the image that is not empty');
  return region;
}

function sizeOf(text: string, region: Rect): Size {
  // A ^ allows to enlarge; viewers of version 2.1 enlarge without it.
  const asked = text.replace(/^\^/, '');
  if (asked === 'max' || asked === 'full') return within({ width: region.width, height: region.height });
  const percent = /^pct:(\d+(?:\.\d+)?)$/.exec(asked);
  if (percent !== null) return checked(scaled(region, Number(percent[1]) / 100), text);
  const match = /^(!?)(\d*),(\d*)$/.exec(asked);
  const [, confined, wide = '', high = ''] = match ?? [];
  if (match === null || (wide === '' && high === '')) {
    throw refused('size', text, 'max, WIDTH, or ,HEIGHT or both, !WIDTH,HEIGHT or pct:');
  }
  const width = Number(wide);
  const height = Number(high);
  if (confined === '!') return checked(scaled(region, Math.min(width / region.width, height / region.height)), text);
  if (wide === '') return checked({ ...scaled(region, height / region.height), height }, text);
  if (high === '') return checked({ ...scaled(region, width / region.width), width }, text);
  return checked({ width, height }, text);
}

function scaled({ width, height }: Size, by: number): Size {
  return { width: Math.max(1, Math.round(width * by)), height: Math.max(1, Math.round(height * by)) };
}

/** The largest size of the same form that an answer may have. */
function within(size: Size): Size {
  const pixels = size.width * size.height;
  if (pixels <= MAX_ANSWER_PIXELS) return size;
  const by = Math.sqrt(MAX_ANSWER_PIXELS / pixels);
  return { width: Math.max(1, Math.floor(size.width * by)), height: Math.max(1, Math.floor(size.height * by)) };
}

function checked(size: Size, text: string): Size {
  if (size.width >= 1 && size.height >= 1 && size.width < LARGEST_SIDE && size.height < LARGEST_SIDE) return size;
  throw refused('size', text, 'at least one pixel');
}

function oneOf<T extends string>(known: readonly T[], what: string, text: string): T {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw refused(what, text, known.join(', '));
}

function refused(what: string, text: string, expected: string) {
  return badUsage({ what: `the ${what} '${text.slice(0, 80)}' is none`, expected });
}
