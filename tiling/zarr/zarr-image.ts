import type { Chunk, DataType, Array as ZarrArray } from 'zarrita';
import { halfOf } from '../codecs/stored-samples.js';
import { badInput, HalotileError } from '../errors.js';
import { area, intersect, type Rect, type Size } from '../geometry/rect.js';
import { isUrl } from '../places/url.js';
import { densityTags } from '../raster/carried/index.js';
import { allocateSamples, type DType, INTEGER_MAX, type Samples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { WideSamples } from '../tiff/sample-format.js';
import { FolderStore } from './folder-store.js';
import { type ImageAxes, imageAxes, isRgb, multiscaleOf, pixelMicrometres } from './image-axes.js';
import { ObjectStore } from './object-store.js';
import { ToldStore } from './told-store.js';

/** Types of arrays and what they are read as, integers without a type here as the reader of a TIFF wants them. */
const DTYPE_OF: Readonly<Record<string, DType | 'wide'>> = {
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  float32: 'float32',
  float64: 'float32',
  int8: 'wide',
  int16: 'wide',
  int32: 'wide',
  int64: 'wide',
  uint64: 'wide',
};
const MAX_SIDE = 10_000_000;
const MAX_CHANNELS = 65_535;
/** Of a decoded chunk. */
const MAX_CHUNK_BYTES = 256 << 20;
const LARGEST_SAMPLE = 8;

/** The largest level of a Zarr image, opened for reading. */
export interface ZarrImage {
  /** Of each plane. */
  readonly info: RasterInfo;
  /** Pictures of a channel each or several: time points and z-planes, in the order of the array's axes. */
  readonly planes: number;
  readonly chunk: Size;
  /** The samples of a rect of a plane, from 0: interleaved rows. */
  read(plane: number, rect: Rect): Promise<Samples>;
}

/**
 * Opens an OME-Zarr image (0.1 to 0.5, its first multiscale) or an array by itself, Zarr 2 or 3, in a folder.
 * @throws bad-input where there is none, or one that is no image that can be read
 */
export async function openZarrImage(path: string, wide?: WideSamples): Promise<ZarrImage> {
  return inWords(path, async () => {
    const zarr = await import('zarrita');
    const store = isUrl(path) ? new ObjectStore(path) : new FolderStore(path);
    const told = new ToldStore(store);
    const location = zarr.root(told);
    const node = await zarr.open(location).catch((error: unknown) => {
      throw ('refusal' in store && store.refusal) || error;
    });
    if (node.kind === 'array') return imageOf(path, node, { wide, isHalf: told.holdsHalves(node.path) });
    const found = multiscaleOf(node.attrs);
    if (found === undefined) {
      throw badInput({
        what: 'a Zarr group that is no image',
        file: path,
        expected: 'an array, or a group with multiscales (OME-Zarr)',
        remedy: 'name the image or array in it: PATH.zarr/0',
      });
    }
    const array = await zarr.open(location.resolve(found.multiscales[0]!.datasets[0]!.path), { kind: 'array' });
    return imageOf(path, array, { found, wide, isHalf: told.holdsHalves(array.path) });
  });
}

function imageOf(
  path: string,
  array: ZarrArray<DataType>,
  {
    found,
    wide,
    isHalf,
  }: {
    readonly found?: ReturnType<typeof multiscaleOf>;
    readonly wide: WideSamples | undefined;
    readonly isHalf: boolean;
  },
): ZarrImage {
  const { shape, chunks, dtype: stored } = array;
  const named = found?.multiscales[0]?.axes ?? array.dimensionNames?.map((name) => ({ name: name ?? '' }));
  const axes = imageAxes(shape, named, path);
  const dtype = isHalf ? 'float32' : dtypeOf(stored, wide);
  if (dtype === undefined) {
    throw badInput({
      what: `samples of ${stored}`,
      file: path,
      expected: [...Object.keys(DTYPE_OF), 'float16', 'bool'].join(', '),
    });
  }
  const channels = axes.c === undefined ? 1 : shape[axes.c]!;
  const size = { width: shape[axes.x]!, height: shape[axes.y]! };
  const isSized = [size.width, size.height].every((side) => side >= 1 && side <= MAX_SIDE);
  if (!isSized || channels < 1 || channels > MAX_CHANNELS) {
    throw badInput({ what: `an array of ${shape.join('×')}`, file: path, expected: `sides from 1 to ${MAX_SIDE}` });
  }
  const chunkBytes = chunks.reduce((product, side) => product * side, LARGEST_SAMPLE);
  if (!(chunkBytes <= MAX_CHUNK_BYTES)) {
    throw badInput({
      what: `chunks of ${chunks.join('×')}`,
      file: path,
      expected: `at most ${MAX_CHUNK_BYTES / LARGEST_SAMPLE} samples`,
      remedy: 'write it anew with smaller ones',
    });
  }
  const physical = found && pixelMicrometres(found, axes);
  const isColour = found === undefined ? isLast(axes, shape.length) && channels >= 3 : isRgb(found, channels);
  return {
    info: {
      ...{ ...size, channels, dtype, alpha: 'none' },
      photometric: isColour && dtype !== 'float32' ? 2 : 1,
      carried: physical === undefined ? [] : densityTags({ x: 1e4 / physical.x, y: 1e4 / physical.y }),
    },
    planes: axes.planes.reduce((product, axis) => product * shape[axis]!, 1),
    chunk: { width: chunks[axes.x]!, height: chunks[axes.y]! },
    read: (plane, rect) => inWords(path, () => readPlane(array, { path, axes, dtype, channels, isHalf }, plane, rect)),
  };
}

function isLast({ c }: ImageAxes, dimensions: number): boolean {
  return c === dimensions - 1;
}

/** What a plane is read with. */
interface Reading {
  readonly path: string;
  readonly axes: ImageAxes;
  readonly dtype: DType;
  readonly channels: number;
  /** Whether samples come as the bits of halves. */
  readonly isHalf: boolean;
}

/** Chunk by chunk: zarrita's own assembly of a region takes several times as long. */
async function readPlane(array: ZarrArray<DataType>, reading: Reading, plane: number, rect: Rect): Promise<Samples> {
  const { axes, dtype, channels } = reading;
  const { chunks, shape } = array;
  const samples = allocateSamples(dtype, area(rect) * channels);
  const within = shape.map(() => 0);
  const coordinates = shape.map(() => 0);
  // The last axis changes fastest.
  let rest = plane;
  for (const axis of axes.planes.toReversed()) {
    const at = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
    coordinates[axis] = Math.floor(at / chunks[axis]!);
    within[axis] = at % chunks[axis]!;
  }
  const [height, width] = [chunks[axes.y]!, chunks[axes.x]!];
  const depth = axes.c === undefined ? 1 : chunks[axes.c]!;
  const work: Promise<void>[] = [];
  for (let row = Math.floor(rect.y / height); row * height < rect.y + rect.height; row++) {
    for (let column = Math.floor(rect.x / width); column * width < rect.x + rect.width; column++) {
      for (let layer = 0; layer * depth < channels; layer++) {
        const own = coordinates.with(axes.y, row).with(axes.x, column);
        if (axes.c !== undefined) own[axes.c] = layer;
        const place = { x: column * width, y: row * height, c: layer * depth };
        const held = { ...place, width, height, depth: Math.min(depth, channels - place.c) };
        work.push(array.getChunk(own).then((chunk) => copyChunk(chunk, within, held, { ...reading, rect, samples })));
      }
    }
  }
  await Promise.all(work);
  return samples;
}

/** Puts the part of a chunk that lies in a rect into its interleaved samples. */
function copyChunk(
  { data: stored, shape, stride }: Chunk<DataType>,
  within: readonly number[],
  held: Rect & { readonly c: number; readonly depth: number },
  { path, axes, dtype, channels, isHalf, rect, samples }: Reading & { readonly rect: Rect; readonly samples: Samples },
): void {
  const data = isHalf ? Float32Array.from(stored as Uint16Array, halfOf) : (stored as ArrayLike<number | bigint>);
  const samplesOfChunk = shape.reduce((product, side) => product * side, 1);
  if (data.length < samplesOfChunk) {
    throw badInput({
      what: `the chunk at pixel (${held.x}, ${held.y}) holds ${data.length} samples`,
      file: path,
      expected: `${samplesOfChunk}`,
      remedy: 'the image is damaged: write it anew',
    });
  }
  const [byRow, byColumn] = [stride[axes.y]!, stride[axes.x]!];
  const byChannel = axes.c === undefined ? 0 : stride[axes.c]!;
  const start = within.reduce((sum, at, axis) => sum + at * stride[axis]!, 0);
  const part = intersect(held, rect);
  // Numbers of the sample's own type need no look.
  const isPlain = dtype !== 'uint32' && typeof data[start] === 'number';
  for (let y = part.y; y < part.y + part.height; y++) {
    let from = start + (y - held.y) * byRow + (part.x - held.x) * byColumn;
    let at = ((y - rect.y) * rect.width + part.x - rect.x) * channels + held.c;
    for (let x = part.x; x < part.x + part.width; x++, from += byColumn, at += channels) {
      for (let c = 0; c < held.depth; c++) {
        const value = data[from + c * byChannel]!;
        samples[at + c] = isPlain ? (value as number) : checkedSample(value, dtype, path, { x, y });
      }
    }
  }
}

function checkedSample(
  sample: number | bigint,
  dtype: DType,
  where: string,
  { x, y }: { readonly x: number; readonly y: number },
): number {
  const value = Number(sample);
  if (dtype !== 'uint32' || (value >= 0 && value <= INTEGER_MAX.uint32)) return value;
  throw badInput({
    what: `${value} is no label, at pixel (${x}, ${y})`,
    where,
    expected: `a whole number from 0 to ${INTEGER_MAX.uint32}`,
  });
}

function dtypeOf(stored: string, wide: WideSamples | undefined): DType | undefined {
  const dtype = Object.hasOwn(DTYPE_OF, stored) ? DTYPE_OF[stored] : undefined;
  if (dtype === 'wide') return wide ?? 'float32';
  return dtype === 'uint32' && wide === 'float32' ? wide : dtype;
}

/** What zarrita, a codec or the system says becomes a sentence about the file. */
async function inWords<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof HalotileError) throw cause;
    const inner = (cause as Error).cause instanceof HalotileError ? (cause as Error).cause : undefined;
    if (inner !== undefined) throw inner;
    const [line = ''] = String((cause as Error).message).split('\n');
    throw badInput({ what: `no Zarr image that can be read: ${line}`, file: path, expected: 'OME-Zarr' }, cause);
  }
}
