import { closeSync, openSync } from 'node:fs';
import { badInput } from '../errors.js';
import { cellRect, gridOf } from '../geometry/grid.js';
import { isUrl } from '../places/url.js';
import { bytesOf, SAMPLE_BYTES, type Samples } from '../raster/dtype.js';
import type { RasterInfo } from '../raster/raster-info.js';
import type { WideSamples } from '../tiff/sample-format.js';
import { openZarrImage, type ZarrImage } from '../zarr/zarr-image.js';
import { openScratchCopy, SCRATCH_BLOCK } from './scratch-file.js';
import { put, tiledHeader } from './spill.js';
import type { TiffFileSource } from './tiff-file-source.js';

/** Samples of a region in memory, as the array has them and interleaved. */
const MAX_REGION_BYTES = 256 << 20;
/** Regions that are fetched at a time of an image behind a line whose answers take a while. */
const REGIONS_AHEAD = 8;

/**
 * What a Zarr image says of itself, and how many planes it has.
 * @param page which plane, from 1; several are not wanted where it is absent
 * @throws bad-input where none can be read
 */
export async function describeZarr(
  path: string,
  page?: number,
): Promise<{ readonly info: RasterInfo; readonly planes: number }> {
  const image = await openZarrImage(path);
  checkPage(path, image, page);
  return image;
}

/**
 * Copies the largest level of a Zarr image once into an uncompressed tiled BigTIFF in `scratchDirectory` and opens
 * that. Memory is a region of whole chunks and whole tiles, or a few where they come from a store; chunks whose sides divide those of the tiles, or the other
 * way round, are decoded once.
 * @param page which plane, from 1; needed where there are several
 * @throws bad-input for a damaged chunk, output-failed or over-limit where the scratch folder cannot take it
 */
export async function ingestZarr(
  path: string,
  scratchDirectory: string,
  { page, wide }: { readonly page?: number | undefined; readonly wide?: WideSamples | undefined } = {},
): Promise<TiffFileSource> {
  const image = await openZarrImage(path, wide);
  checkPage(path, image, page);
  const request = { path, scratchDirectory, info: image.info, ...(page !== undefined && { page }) };
  return openScratchCopy(request, (target) => copyPlane(image, (page ?? 1) - 1, target, path));
}

function checkPage(path: string, { planes }: ZarrImage, page: number | undefined): void {
  if (page === undefined ? planes === 1 : page <= planes) return;
  throw badInput({
    what: page === undefined ? `the image has ${planes} planes` : `there is no page ${page}`,
    file: path,
    expected: planes === 1 ? 'page 1, the only one' : `--page N, from 1 to ${planes}`,
  });
}

async function copyPlane(image: ZarrImage, plane: number, target: string, path: string): Promise<void> {
  const { info, chunk } = image;
  const pixelBytes = info.channels * SAMPLE_BYTES[info.dtype];
  const whole = (side: number) => Math.ceil(side / SCRATCH_BLOCK) * SCRATCH_BLOCK;
  const region = {
    width: Math.min(whole(chunk.width), whole(info.width)),
    height: Math.min(whole(chunk.height), whole(info.height)),
  };
  const regionBytes = 2 * region.width * region.height * pixelBytes;
  if (regionBytes > MAX_REGION_BYTES) {
    throw badInput({
      what: `chunks of ${chunk.width}×${chunk.height} pixels need ${regionBytes} bytes to be read`,
      file: path,
      expected: `at most ${MAX_REGION_BYTES}`,
      remedy: 'write it anew with smaller chunks',
    });
  }
  const header = tiledHeader(info, SCRATCH_BLOCK);
  const tiles = gridOf(info, { width: SCRATCH_BLOCK, height: SCRATCH_BLOCK });
  const regions = gridOf(info, region);
  const tileRow = SCRATCH_BLOCK * pixelBytes;
  const tile = new Uint8Array(SCRATCH_BLOCK * tileRow);
  const file = openSync(target, 'w');
  try {
    put(file, header, 0);
    const count = regions.across * regions.down;
    const ahead = isUrl(path) ? Math.min(REGIONS_AHEAD, Math.floor(MAX_REGION_BYTES / regionBytes)) : 1;
    const coming: Promise<Samples>[] = [];
    const ask = (index: number) => {
      const asked = image.read(plane, cellRect(regions, index));
      // One that fails while another is waited for is told when its turn comes.
      asked.catch(() => {});
      coming.push(asked);
    };
    for (let index = 0; index < Math.min(ahead, count); index++) ask(index);
    for (let index = 0; index < count; index++) {
      const rect = cellRect(regions, index);
      const bytes = bytesOf(await coming.shift()!);
      if (index + ahead < count) ask(index + ahead);
      for (let y = 0; y < rect.height; y += SCRATCH_BLOCK) {
        for (let x = 0; x < rect.width; x += SCRATCH_BLOCK) {
          const cut = Math.min(SCRATCH_BLOCK, rect.width - x) * pixelBytes;
          for (let row = 0; row < Math.min(SCRATCH_BLOCK, rect.height - y); row++) {
            const from = ((y + row) * rect.width + x) * pixelBytes;
            tile.set(bytes.subarray(from, from + cut), row * tileRow);
          }
          const place = ((rect.y + y) / SCRATCH_BLOCK) * tiles.across + (rect.x + x) / SCRATCH_BLOCK;
          put(file, tile, header.length + place * tile.length);
        }
      }
    }
  } finally {
    closeSync(file);
  }
}
