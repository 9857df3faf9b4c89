import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeRect, type Rect, rectOf } from '../../tiling/geometry/rect.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { maxBlockBytes } from '../../tiling/raster/stored-block.js';
import { SharedBlockCache } from '../../tiling/sources/block-cache.js';
import { RasterReader, type ReadCounts } from '../../tiling/sources/raster-reader.js';

/** A fixture file with what an independent implementation says that it holds. */
export interface Fixture {
  readonly file: string;
  /** File of its raw little-endian samples, interleaved. */
  readonly pixels: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: string;
  readonly [expected: string]: unknown;
}

const repository = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const folder = join(repository, 'test/fixtures/reading');

export const MANIFEST: {
  readonly tiffs: readonly Fixture[];
  readonly pictures: readonly Fixture[];
  readonly refused: readonly string[];
} = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));

export function fixturePath(name: string): string {
  return join(folder, name);
}

/** Real images beside the repository; undefined where the folder is absent. */
export function realImage(name: string): string | undefined {
  const places = ['../shared/data', '../../shared/data'].map((place) => join(repository, place, name));
  return places.find((path) => existsSync(path));
}

/** The interleaved pixels of a rect, the whole image by default, read through a small cache. */
export async function readPixels(
  source: BlockSource,
  rect: Rect = rectOf(source.info),
): Promise<{ pixels: Uint8Array; counts: ReadCounts }> {
  const cache = new SharedBlockCache({ slots: 3, slotBytes: maxBlockBytes(source.info, source.layout) });
  const reader = new RasterReader(source, cache, () => 0);
  const rowBytes = rect.width * source.info.channels * SAMPLE_BYTES[source.info.dtype];
  const padding = 24;
  const stride = rowBytes + padding;
  const into = new Uint8Array(stride * rect.height).fill(0xa5);
  const counts = await reader.read(rect, into, stride);
  const pixels = new Uint8Array(rowBytes * rect.height);
  for (let y = 0; y < rect.height; y++) {
    pixels.set(into.subarray(y * stride, y * stride + rowBytes), y * rowBytes);
    if (into.subarray(y * stride + rowBytes, (y + 1) * stride).some((byte) => byte !== 0xa5)) {
      throw new Error(`${source.name}: ${describeRect(rect)} wrote between the rows`);
    }
  }
  return { pixels, counts };
}

/** The same rect cut out of whole raw pixels. */
export function cutPixels(whole: Uint8Array, { width }: { readonly width: number }, rect: Rect, pixelBytes: number) {
  const cut = new Uint8Array(rect.width * rect.height * pixelBytes);
  for (let y = 0; y < rect.height; y++) {
    const from = ((rect.y + y) * width + rect.x) * pixelBytes;
    cut.set(whole.subarray(from, from + rect.width * pixelBytes), y * rect.width * pixelBytes);
  }
  return cut;
}
