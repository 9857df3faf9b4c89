import { badInput } from '../errors.js';
import type { Rect, Size } from '../geometry/rect.js';
import type { BlockSource } from '../raster/block-source.js';
import { bytesOf, type DType, SAMPLE_BYTES, type Samples } from '../raster/dtype.js';
import type { BlockLayout, RasterInfo } from '../raster/raster-info.js';

/** An image in memory: row-major, interleaved, dense; the array's type is the samples'. */
export interface Pixels extends Size {
  readonly samples: Samples;
  /** 1 where absent. */
  readonly channels?: number;
}

/** The sample type of an array. */
export function dtypeOf(samples: Samples): DType {
  if (samples instanceof Float32Array) return 'float32';
  return samples instanceof Uint16Array ? 'uint16' : 'uint8';
}

/**
 * An image in memory as a source of pixels that are copied rect by rect. The array stays the caller's and must not
 * change while it is read.
 * @param name what messages call it
 * @throws bad-input where the array's length is not width × height × channels
 */
export function memorySource(name: string, pixels: Pixels, about: Partial<RasterInfo> = {}): BlockSource {
  const { samples, width, height, channels = 1 } = pixels;
  const sides = [width, height, channels];
  if (!sides.every((side) => Number.isInteger(side) && side > 0) || samples.length !== width * height * channels) {
    throw badInput({
      what: `an array of ${samples.length} samples`,
      file: name,
      expected: `${width}×${height}×${channels}, the product of width, height and channels`,
    });
  }
  const dtype = dtypeOf(samples);
  const strideBytes = width * channels * SAMPLE_BYTES[dtype];
  const bytes = bytesOf(samples);
  return {
    name,
    info: { width, height, channels, dtype, alpha: 'none', photometric: channels < 3 ? 1 : 2, carried: [], ...about },
    layout: layoutOf({ width, height }),
    codecContext: { storedPhotometric: channels < 3 ? 1 : 2 },
    readBlock: () => bytes.slice(),
    readRaw: (rect, into, stride) => copyRect(bytes, { rect, strideBytes, width }, into, stride),
    close: () => {},
  };
}

/** One uncompressed block in the machine's own byte order. */
function layoutOf({ width, height }: Size): BlockLayout {
  return {
    blockWidth: width,
    blockHeight: height,
    across: 1,
    down: 1,
    planar: false,
    striped: true,
    codec: 'none',
    predictor: 1,
    littleEndian: new Uint8Array(Uint16Array.of(1).buffer)[0] === 1,
  };
}

function copyRect(
  bytes: Uint8Array,
  { rect, strideBytes, width }: { readonly rect: Rect; readonly strideBytes: number; readonly width: number },
  into: Uint8Array,
  stride: number,
): number {
  const pixelBytes = strideBytes / width;
  const length = rect.width * pixelBytes;
  if (length === stride && length === strideBytes) {
    into.set(bytes.subarray(rect.y * strideBytes, (rect.y + rect.height) * strideBytes));
    return length * rect.height;
  }
  for (let row = 0; row < rect.height; row++) {
    const from = (rect.y + row) * strideBytes + rect.x * pixelBytes;
    into.set(bytes.subarray(from, from + length), row * stride);
  }
  return length * rect.height;
}
