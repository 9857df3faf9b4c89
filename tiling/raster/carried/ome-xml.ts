import { basename } from 'node:path';
import type { DType } from '../dtype.js';
import type { CarriedTag, RasterInfo } from '../raster-info.js';
import { numbersOf } from './tag-numbers.js';

const IMAGE_DESCRIPTION = 270;
const X_RESOLUTION = 282;
const Y_RESOLUTION = 283;
const RESOLUTION_UNIT = 296;
const ASCII = 2;
const MICROMETRES_BY_UNIT: Readonly<Record<number, number>> = { 2: 25_400, 3: 10_000 };
const INCH = 2;

const SCHEMA = 'http://www.openmicroscopy.org/Schemas/OME/2016-06';
const PIXEL_TYPES = { uint8: 'uint8', uint16: 'uint16', uint32: 'uint32', float32: 'float' } as const satisfies Record<
  DType,
  string
>;

/**
 * The tags of an OME-TIFF: an image description of OME-XML (schema 2016-06) that says size, type, channels and size of
 * a pixel of the one image, whose samples lie interleaved in the first directory. What the description said before is
 * a text in it.
 */
export function withOmeXml(info: RasterInfo, output: string): readonly CarriedTag[] {
  const text = descriptionOf(info);
  const bytes = new TextEncoder().encode(`${omeXml(info, { output, text })}\0`);
  const description = { tag: IMAGE_DESCRIPTION, type: ASCII, count: bytes.length, bytes };
  return [...info.carried.filter(({ tag }) => tag !== IMAGE_DESCRIPTION), description];
}

/** Width and height of a pixel in micrometres, where the image says them in a unit of length. */
export function pixelSizeOf(info: Pick<RasterInfo, 'carried'>): { readonly x: number; readonly y: number } | undefined {
  return pixelSize(info.carried) ?? aperioPixelSize(descriptionOf(info));
}

function descriptionOf({ carried }: Pick<RasterInfo, 'carried'>): string {
  const tag = carried.find((each) => each.tag === IMAGE_DESCRIPTION);
  const [text = ''] = tag === undefined ? [] : new TextDecoder().decode(tag.bytes).split('\0');
  return text;
}

function omeXml(info: RasterInfo, { output, text }: { readonly output: string; readonly text: string }): string {
  const { width, height, channels, dtype } = info;
  const physical = pixelSizeOf(info);
  const pixels = attributes({
    ...{ ID: 'Pixels:0', DimensionOrder: 'XYCZT', Type: PIXEL_TYPES[dtype], BigEndian: false, Interleaved: true },
    ...{ SizeX: width, SizeY: height, SizeZ: 1, SizeC: channels, SizeT: 1 },
    ...(physical && { PhysicalSizeX: physical.x, PhysicalSizeY: physical.y }),
  });
  const name = basename(output).replace(/\.ome\.[^.]*$/i, '');
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<OME xmlns="${SCHEMA}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="${SCHEMA} ${SCHEMA}/ome.xsd" Creator="halotile">`,
    `<Image${attributes({ ID: 'Image:0', Name: name })}>`,
    ...(text === '' ? [] : [`<Description>${escaped(text)}</Description>`]),
    `<Pixels${pixels}>`,
    `<Channel${attributes({ ID: 'Channel:0:0', SamplesPerPixel: channels })}/>`,
    '<TiffData IFD="0" PlaneCount="1"/>',
    '</Pixels></Image></OME>',
  ].join('');
}

/** Micrometres, the schema's unit where none is named; undefined where the resolution is of no unit of length. */
function pixelSize(carried: readonly CarriedTag[]): { readonly x: number; readonly y: number } | undefined {
  const number = (wanted: number) => {
    const tag = carried.find((each) => each.tag === wanted);
    return tag && numbersOf(tag)[0];
  };
  const micrometres = MICROMETRES_BY_UNIT[number(RESOLUTION_UNIT) ?? INCH] ?? Number.NaN;
  const size = { x: micrometres / number(X_RESOLUTION)!, y: micrometres / number(Y_RESOLUTION)! };
  return isLength(size.x) && isLength(size.y) ? size : undefined;
}

/** Aperio's files say the size of a pixel in their description alone. */
function aperioPixelSize(text: string): { readonly x: number; readonly y: number } | undefined {
  const size = Number(/^Aperio\b[\s\S]*\|\s*MPP\s*=\s*([\d.]+)/.exec(text)?.[1]);
  return isLength(size) ? { x: size, y: size } : undefined;
}

function isLength(value: number): boolean {
  return value > 0 && Number.isFinite(value);
}

function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

/** ASCII, as the tag is; characters that no XML holds are left out. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replace(/[&<>"\r]|[^\t\n\u{20}-\u{7E}]/gu, (character) => `&#${character.codePointAt(0)};`);
}
