import { rgbBytesOf, rgbInfo } from '../colours/to-rgb.js';
import { hasOtherColours } from '../raster/other-colours.js';
import { openScratchCopy } from './scratch-file.js';
import { writeTiles } from './spill.js';
import type { TiffFileSource } from './tiff-file-source.js';
import { cacheFor } from './turn-upright.js';

/**
 * Copies an image of CMYK or L*a*b* once, as RGB, into an uncompressed tiled BigTIFF in `scratchDirectory` and opens
 * that, and closes `source`; gives `source` itself where its colours are grey or RGB. Memory is a band of rows twice.
 * @param path what the scratch file is a copy of, whichever file holds the blocks
 * @throws bad-input for a damaged block or colours that cannot become RGB, output-failed or over-limit where the scratch
 *   folder cannot take it
 */
export async function convertColours(
  source: TiffFileSource,
  {
    path,
    page,
    scratchDirectory,
    cacheBytes,
  }: { path: string; page?: number; scratchDirectory: string; cacheBytes?: number },
): Promise<TiffFileSource> {
  const stored = source.info;
  if (!hasOtherColours(stored)) return source;
  try {
    const info = rgbInfo(stored, path);
    const request = {
      path,
      from: source.name,
      scratchDirectory,
      info,
      colour: 'rgb',
      ...(page !== undefined && { page }),
    } as const;
    return await openScratchCopy(request, (target) =>
      writeTiles(source, target, {
        info,
        convert: (rows, size) => rgbBytesOf(rows, stored, size, path),
        cache: cacheFor(source, cacheBytes),
      }),
    );
  } finally {
    source.close();
  }
}
