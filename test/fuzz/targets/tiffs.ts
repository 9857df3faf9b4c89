import { readFileSync } from 'node:fs';
import { decodeBlock } from '../../../tiling/codecs/decode-block.js';
import { packedBlockBytes } from '../../../tiling/raster/stored-block.js';
import { parseHeader } from '../../../tiling/tiff/header.js';
import { memoryBytes, readBytes } from '../../../tiling/tiff/random-bytes.js';
import { classifyDirectories } from '../../../tiling/tiff/tiff-image.js';
import { checkAllBlocks, readTiffRaster } from '../../../tiling/tiff/tiff-raster.js';
import { fixturePath, MANIFEST } from '../../unit/reading-fixtures.js';
import type { FuzzTarget } from '../target.js';

const BLOCKS_READ = 3;
/** Larger blocks are judged by their header alone: the time of an input goes to parsers. */
const MAX_DECODED_BYTES = 4 << 20;

/** Headers, directories, block tables and blocks of TIFF files, of every image in them. */
export const tiffs: FuzzTarget = {
  name: 'tiff',
  seeds: [...MANIFEST.tiffs.map(({ file }) => file), ...MANIFEST.refused.filter((file) => file.endsWith('.tif'))]
    .map((file) => new Uint8Array(readFileSync(fixturePath(file))))
    .filter(({ length }) => length < 60_000),
  run: async (bytes) => {
    const file = memoryBytes('fuzzed.tif', bytes);
    for (const { directory } of classifyDirectories(parseHeader(file))) {
      const raster = readTiffRaster(directory);
      checkAllBlocks(raster, directory.place);
      const { info, layout, codecContext, blocks } = raster;
      for (let index = 0; index < Math.min(BLOCKS_READ, blocks.count); index++) {
        const { offset, length } = blocks.place(index);
        if (packedBlockBytes(info, layout, index) > MAX_DECODED_BYTES) continue;
        const encoded = readBytes(file, offset, length, `block ${index}`);
        await decodeBlock(encoded, layout, codecContext, info, { file: 'fuzzed.tif', block: index });
      }
    }
  },
};
