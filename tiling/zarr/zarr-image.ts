import type { DataType, Array as ZarrArray } from 'zarrita';
import { badInput, HalotileError } from '../errors.js';
import { area, type Rect, type Size } from '../geometry/rect.js';
import { densityTags } from '../raster/carried/index.js';
import { allocateSamples, type DType, INTEGER_MAX, type Samples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { WideSamples } from '../tiff/sample-format.js';
import { FolderStore } from './folder-store.js';
import { type ImageAxes, imageAxes, isRgb, multiscaleOf, pixelMicrometres } from './image-axes.js';

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
    const location = zarr.root(new FolderStore(path));
    const node = await zarr.open(location);
    if (node.kind === 'array') return imageOf(path, node, { wide });
    const found = multiscaleOf(node.attrs);
    if (found === undefined) {
      throw badInput({
        what: 'a Zarr group that is no image',
        where: path,
        expected: 'an array, or a group with multiscales (OME-Zarr)',
        remedy: 'name the image or array in it: PATH.zarr/0',
      });
    }
    const array = await zarr.open(location.resolve(found.multiscales[0]!.datasets[0]!.path), { kind: 'array' });
    return imageOf(path, array, { found, wide });
  });
}

function imageOf(
  path: string,
  array: ZarrArray<DataType>,
  { found, wide }: { readonly found?: ReturnType<typeof multiscaleOf>; readonly wide: WideSamples | undefined },
): ZarrImage {
  const { shape, chunks, dtype: stored } = array;
  const named = found?.multiscales[0]?.axes ?? array.dimensionNames?.map((name) => ({ name: name ?? '' }));
  const axes = imageAxes(shape, named, path);
  const dtype = dtypeOf(stored, wide);
  if (dtype === undefined) {
    throw badInput({ what: `samples of ${stored}`, where: path, expected: Object.keys(DTYPE_OF).join(', ') });
  }
  const channels = axes.c === undefined ? 1 : shape[axes.c]!;
  const size = { width: shape[axes.x]!, height: shape[axes.y]! };
  const isSized = [size.width, size.height].every((side) => side >= 1 && side <= MAX_SIDE);
  if (!isSized || channels < 1 || channels > MAX_CHANNELS) {
    throw badInput({ what: `an array of ${shape.join('×')}`, where: path, expected: `sides from 1 to ${MAX_SIDE}` });
  }
  const chunkBytes = chunks.reduce((product, side) => product * side, LARGEST_SAMPLE);
  if (!(chunkBytes <= MAX_CHUNK_BYTES)) {
    throw badInput({
      what: `chunks of ${chunks.join('×')}`,
      where: path,
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
    read: (plane, rect) => inWords(path, () => readPlane(array, { path, axes, dtype, channels }, plane, rect)),
  };
}

function isLast({ c }: ImageAxes, dimensions: number): boolean {
  return c === dimensions - 1;
}

async function readPlane(
  array: ZarrArray<DataType>,
  {
    path,
    axes,
    dtype,
    channels,
  }: { readonly path: string; readonly axes: ImageAxes; readonly dtype: DType; readonly channels: number },
  plane: number,
  rect: Rect,
): Promise<Samples> {
  const { get, slice } = await import('zarrita');
  const selection: (ReturnType<typeof slice> | number | null)[] = array.shape.map(() => null);
  selection[axes.y] = slice(rect.y, rect.y + rect.height);
  selection[axes.x] = slice(rect.x, rect.x + rect.width);
  // The last axis changes fastest.
  let rest = plane;
  for (const axis of axes.planes.toReversed()) {
    selection[axis] = rest % array.shape[axis]!;
    rest = Math.floor(rest / array.shape[axis]!);
  }
  const { data, stride } = (await get(array, selection)) as { data: ArrayLike<number | bigint>; stride: number[] };
  const strideOf = (axis: number) => stride[axis - axes.planes.filter((each) => each < axis).length]!;
  const [byRow, byColumn] = [strideOf(axes.y), strideOf(axes.x)];
  const byChannel = axes.c === undefined ? 0 : strideOf(axes.c);
  const samples = allocateSamples(dtype, area(rect) * channels);
  let at = 0;
  for (let y = 0; y < rect.height; y++) {
    for (let x = 0; x < rect.width; x++) {
      let from = y * byRow + x * byColumn;
      for (let c = 0; c < channels; c++, from += byChannel) {
        const value = Number(data[from]!);
        if (dtype === 'uint32' && !(value >= 0 && value <= INTEGER_MAX.uint32)) {
          throw noLabel(value, path, { x: rect.x + x, y: rect.y + y });
        }
        samples[at++] = value;
      }
    }
  }
  return samples;
}

function dtypeOf(stored: string, wide: WideSamples | undefined): DType | undefined {
  const dtype = Object.hasOwn(DTYPE_OF, stored) ? DTYPE_OF[stored] : undefined;
  if (dtype === 'wide') return wide ?? 'float32';
  return dtype === 'uint32' && wide === 'float32' ? wide : dtype;
}

function noLabel(value: number, where: string, { x, y }: { readonly x: number; readonly y: number }): HalotileError {
  return badInput({
    what: `${value} is no label, at pixel (${x}, ${y})`,
    where,
    expected: `a whole number from 0 to ${INTEGER_MAX.uint32}`,
  });
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
    throw badInput({ what: `no Zarr image that can be read: ${line}`, where: path, expected: 'OME-Zarr' }, cause);
  }
}
