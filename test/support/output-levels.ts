import { crc32 } from 'node:zlib';
import { rectOf } from '../../tiling/geometry/rect.js';
import { allocateSamples, bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import { openTiffSource } from '../../tiling/sources/tiff-file-source.js';
import { parseHeader } from '../../tiling/tiff/header.js';
import { FileBytes } from '../../tiling/tiff/random-bytes.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';

/** The decoded pixels of every level of an output, level 0 first. */
export async function readLevels(path: string): Promise<TileRaster[]> {
  const file = new FileBytes(path);
  const count = parseHeader(file).directories.length;
  file.close();
  return Promise.all(Array.from({ length: count }, (_, directory) => readLevel(path, directory)));
}

async function readLevel(path: string, directory: number): Promise<TileRaster> {
  const source = openTiffSource(path, { directory });
  try {
    const { width, height, channels, dtype } = source.info;
    const samples = allocateSamples(dtype, width * height * channels);
    const stride = width * channels;
    await new RasterReader(source, null, () => 0).read(
      rectOf(source.info),
      bytesOf(samples),
      stride * SAMPLE_BYTES[dtype],
    );
    return { rect: rectOf(source.info), dtype, channels, stride, samples };
  } finally {
    source.close();
  }
}

/** CRC-32 of pixels in raster order as results print it. */
export function pixelCrc({ samples }: TileRaster): string {
  return crc32(bytesOf(samples)).toString(16).padStart(8, '0');
}
