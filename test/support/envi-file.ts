import { writeFileSync } from 'node:fs';
import { bytesOf } from '../../tiling/raster/dtype.js';
import type { TileRaster } from '../../worker/kernels/kernel.js';

const TYPE_CODE = { uint8: 1, uint16: 12, uint32: 13, float32: 4 } as const;

/** Writes plain pixels with an ENVI header beside them: GDAL reads them without any TIFF in between. */
export function writeEnvi(path: string, { rect, dtype, channels, samples }: TileRaster): void {
  writeFileSync(path, bytesOf(samples));
  const header = [
    'ENVI',
    `samples = ${rect.width}`,
    `lines = ${rect.height}`,
    `bands = ${channels}`,
    'header offset = 0',
    `data type = ${TYPE_CODE[dtype]}`,
    'interleave = bip',
    'byte order = 0',
  ];
  writeFileSync(`${path}.hdr`, `${header.join('\n')}\n`);
}
