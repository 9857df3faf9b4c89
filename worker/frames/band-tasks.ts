import { renameSync, writeFileSync } from 'node:fs';
import { HalotileError } from '../../tiling/errors.js';
import { ColourCounts } from '../../tiling/palette/colour-counts.js';
import type { Band, BandCounts, BandToRemap, RemappedBand } from '../../tiling/palette/frame-execution.js';
import { bandChunk } from '../../tiling/palette/png-bands.js';
import { indicesOf, paint, remapOf } from './remap-frames.js';
import { sampleRows } from './sample-raster.js';

/** The colours of a band, and what its alpha holds. */
export async function countBand({ raster, ...rows }: Band): Promise<BandCounts> {
  const { rgba, bytesRead } = await sampleRows(raster, rows);
  const counts = new ColourCounts();
  counts.addRgba(rgba);
  let hasTransparent = false;
  let hasTranslucent = false;
  for (let at = 3; at < rgba.length; at += 4) {
    if (rgba[at] === 0) hasTransparent = true;
    else if (rgba[at] !== 255) hasTranslucent = true;
  }
  return { counts: counts.toBytes(), hasTransparent, hasTranslucent, bytesRead };
}

/** Writes a band in the palette's colours as a piece of a PNG, whole or not at all. */
export async function remapBand(band: BandToRemap): Promise<RemappedBand> {
  const { raster, palette, target, indexed, output, ...rows } = band;
  const { rgba } = await sampleRows(raster, rows);
  const remap = remapOf({ palette, target });
  const frame = remap.frame(rgba);
  const samples = indexed ? indicesOf(frame, rgba, remap.colours.length) : paint(frame, rgba, remap.colours);
  const { chunk, adler, rawBytes } = bandChunk(samples, rows.size.width * (indexed ? 1 : 4));
  const temporary = `${output}.part`;
  try {
    writeFileSync(temporary, chunk);
    renameSync(temporary, output);
  } catch (cause) {
    const what = `a band cannot be written (${(cause as NodeJS.ErrnoException).code ?? cause})`;
    throw new HalotileError(
      'output-failed',
      { what, where: output, remedy: 'free space or check permissions' },
      { cause },
    );
  }
  return { adler, rawBytes };
}
