import type { CarriedTag } from '../raster-info.js';
import { doublesTag, numbersOf } from './tag-numbers.js';

/** How far an output pixel reaches in input pixels, along x and y. */
export interface PixelScale {
  readonly x: number;
  readonly y: number;
}

const MODEL_PIXEL_SCALE = 33550;
const MODEL_TIEPOINT = 33922;
const MODEL_TRANSFORMATION = 34264;
const GEO_KEY_DIRECTORY = 34735;
const RPC_COEFFICIENTS = 50844;
const RASTER_TYPE_KEY = 1025;
const PIXEL_IS_POINT = 2;
/** Places in the RPC tag (GDAL's RPC_TIFF.html): offsets and scales of lines and samples. */
const RPC = { lineOffset: 2, sampleOffset: 3, lineScale: 7, sampleScale: 8 } as const;

/**
 * Georeferencing tags for an output of another size over the same ground. Coordinates of pixels count from the corner
 * of the first pixel, or, where the file says PixelIsPoint and in RPCs, from its centre.
 */
export function scaleGeoreference(tags: readonly CarriedTag[], scale: PixelScale): CarriedTag[] {
  const origin = isPoint(tags) ? 0.5 : 0;
  return tags.map((tag) => {
    const values = numbersOf(tag);
    if (values.length === 0) return tag;
    switch (tag.tag) {
      case MODEL_PIXEL_SCALE:
        return doublesTag(
          tag.tag,
          values.map((value, i) => value * ([scale.x, scale.y][i] ?? 1)),
        );
      case MODEL_TIEPOINT:
        return doublesTag(
          tag.tag,
          values.map((value, i) => {
            const axis = ([scale.x, scale.y] as const)[i % 6];
            return axis === undefined ? value : (value + origin) / axis - origin;
          }),
        );
      case MODEL_TRANSFORMATION:
        return doublesTag(tag.tag, scaledMatrix(values, scale, origin));
      case RPC_COEFFICIENTS:
        return doublesTag(tag.tag, scaledRpc(values, scale));
      default:
        return tag;
    }
  });
}

/** Whether GTRasterTypeGeoKey is RasterPixelIsPoint. Keys are four shorts each: number, place, count, value. */
function isPoint(tags: readonly CarriedTag[]): boolean {
  const directory = tags.find(({ tag }) => tag === GEO_KEY_DIRECTORY);
  const values = directory === undefined ? [] : numbersOf(directory);
  for (let at = 4; at + 3 < values.length; at += 4) {
    if (values[at] === RASTER_TYPE_KEY) return values[at + 3] === PIXEL_IS_POINT;
  }
  return false;
}

/** Row-major rows of (column, row, height, 1): the input's pixel is (i + origin)·scale − origin. */
function scaledMatrix(matrix: readonly number[], { x, y }: PixelScale, origin: number): number[] {
  return matrix.map((value, i) => {
    const column = i % 4;
    if (column === 0) return value * x;
    if (column === 1) return value * y;
    if (column === 2) return value;
    return value + matrix[i - 3]! * origin * (x - 1) + matrix[i - 2]! * origin * (y - 1);
  });
}

function scaledRpc(rpc: readonly number[], { x, y }: PixelScale): number[] {
  const scaled = [...rpc];
  scaled[RPC.lineOffset] = (rpc[RPC.lineOffset]! + 0.5) / y - 0.5;
  scaled[RPC.sampleOffset] = (rpc[RPC.sampleOffset]! + 0.5) / x - 0.5;
  scaled[RPC.lineScale] = rpc[RPC.lineScale]! / y;
  scaled[RPC.sampleScale] = rpc[RPC.sampleScale]! / x;
  return scaled;
}
