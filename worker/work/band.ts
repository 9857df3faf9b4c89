import { packRgb } from '../../tiling/palette/nearest-colour.js';
import { bandChunk } from '../../tiling/palette/png-bands.js';
import { allocateSamples, bytesOf, SAMPLE_BYTES } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import type { BandData } from '../../tiling/work/band.js';
import { toRgba } from '../frames/frame-colours.js';
import type { Runner } from './runner.js';

/** Writes a band of an image as a piece of a PNG. */
export const band: Runner<'band'> = async ({ data, thread, outbox }) => {
  const { raster, source: ref, size, from, to, palette, output } = data;
  const source = thread.storage.openSource(ref ?? { kind: 'file', ...raster });
  try {
    const { info } = source;
    const rect = { x: 0, y: from, width: size.width, height: to - from };
    const samples = allocateSamples(info.dtype, rect.width * rect.height * info.channels);
    const strideBytes = rect.width * info.channels * SAMPLE_BYTES[info.dtype];
    await new RasterReader(source, null, thread.nowMs).read(rect, bytesOf(samples), strideBytes);
    const rgba = new Uint8Array(rect.width * rect.height * 4);
    toRgba(samples, info, Array(rect.width * rect.height).keys(), rgba);
    const rows = palette === null ? rgba : indicesIn(palette, rgba);
    const { chunk, adler, rawBytes } = bandChunk(rows, rect.width * (palette === null ? 4 : 1));
    outbox.file(0, output, chunk);
    return { value: { adler, rawBytes }, crc: adler };
  } finally {
    source.close();
  }
};

/** One byte a pixel: the place of its colour in the palette, or the one after the last where alpha is 0. */
function indicesIn(palette: NonNullable<BandData['palette']>, rgba: Uint8Array): Uint8Array {
  const places = new Map<number, number>();
  // Of equal colours the first counts, as when the pixels took them.
  for (let place = palette.length - 1; place >= 0; place--) places.set(packRgb(palette[place]!), place);
  const indices = new Uint8Array(rgba.length / 4);
  for (let pixel = 0, at = 0; pixel < indices.length; pixel++, at += 4) {
    const colour = (rgba[at]! << 16) | (rgba[at + 1]! << 8) | rgba[at + 2]!;
    indices[pixel] = rgba[at + 3] === 0 ? palette.length : places.get(colour)!;
  }
  return indices;
}
