import type { RasterInfo } from '../raster/raster-info.js';
import type { Directory } from './directory.js';
import type { TiffHeader } from './header.js';
import type { WideSamples } from './sample-format.js';
import { TAG } from './tags.js';
import { classifyDirectories } from './tiff-image.js';
import { readTiffRaster, type TiffRaster } from './tiff-raster.js';

const MAX_PLANES = 4096;

/**
 * The directories of an image whose channels are images of their own, in their order: OME-TIFF without z-planes and time
 * points, and ImageJ's stacks of channels. Undefined for any other file, and for one whose planes lie in several files.
 */
export function channelPlanes(header: TiffHeader): readonly Directory[] | undefined {
  const pages = classifyDirectories(header).filter(({ role }) => role === 'main' || role === 'page');
  const [main] = pages;
  if (main === undefined || pages.length < 2 || pages.length > MAX_PLANES) return undefined;
  if (channelsOf(main.directory.text(TAG.imageDescription) ?? '') !== pages.length) return undefined;
  const isPlane = ({ width, height, directory }: (typeof pages)[number]) =>
    width === main.width && height === main.height && directory.integer(TAG.samplesPerPixel, 1) === 1;
  return pages.every(isPlane) ? pages.map(({ directory }) => directory) : undefined;
}

/** Channels that a description says the file's images are; 1 where they are anything else besides. */
function channelsOf(description: string): number {
  if (/^ImageJ=/.test(description)) {
    const value = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, 'm').exec(description)?.[1] ?? 1);
    return value('slices') === 1 && value('frames') === 1 ? value('channels') : 1;
  }
  const images = description.match(/<Image\b/g) ?? [];
  const pixels = /<Pixels\b[^>]*>/.exec(description)?.[0];
  if (pixels === undefined || images.length !== 1 || /<UUID\b[^>]*FileName=/.test(description)) return 1;
  const places = description.match(/<TiffData\b[^>]*>/g) ?? [];
  if (places.some((place) => (attribute(place, 'IFD') ?? 0) !== (attribute(place, 'FirstC') ?? 0))) return 1;
  const isFlat = ['SizeZ', 'SizeT'].every((axis) => (attribute(pixels, axis) ?? 1) === 1);
  return isFlat ? (attribute(pixels, 'SizeC') ?? 1) : 1;
}

/** A whole number that an XML tag has under a name; undefined where it has none. */
function attribute(tag: string, name: string): number | undefined {
  const digits = new RegExp(`\\b${name}\\s*=\\s*["'](\\d+)["']`).exec(tag)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Planes of one channel each as one image of as many channels, whose blocks are those of the planes one after the other;
 * undefined where they are not alike.
 * @throws as {@link readTiffRaster}
 */
function joinPlanes(planes: readonly TiffRaster[]): TiffRaster | undefined {
  const [first] = planes as [TiffRaster];
  if (planes.some((plane) => !isLike(plane, first))) return undefined;
  const { nodata, extraSamples: _, ...own } = first.info;
  const channels = planes.length;
  const info: RasterInfo = {
    ...own,
    channels,
    alpha: 'none',
    extraSamples: new Array<number>(channels - 1).fill(0),
    ...(nodata === undefined ? {} : { nodata: planes.map((plane) => plane.info.nodata![0]!) }),
  };
  const each = first.blocks.count;
  const blocks = {
    count: each * channels,
    place: (index: number) => planes[Math.floor(index / each)]!.blocks.place(index % each),
  };
  const warnings = [...new Set(planes.flatMap((plane) => plane.warnings))];
  return { ...first, info, layout: { ...first.layout, planar: true }, blocks, warnings };
}

/** The raster of directories that {@link channelPlanes} has found; undefined where they are not alike. */
export function readPlanes(directories: readonly Directory[], wide?: WideSamples): TiffRaster | undefined {
  return joinPlanes(directories.map((directory) => readTiffRaster(directory, wide)));
}

function isLike({ info, layout, codecContext, blocks }: TiffRaster, first: TiffRaster): boolean {
  const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
  return (
    isSame(
      { ...info, carried: [], nodata: info.nodata?.length },
      { ...first.info, carried: [], nodata: first.info.nodata?.length },
    ) &&
    isSame(layout, first.layout) &&
    isSame(codecContext, first.codecContext) &&
    blocks.count === first.blocks.count
  );
}
