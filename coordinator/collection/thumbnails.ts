import { PLACES } from '../../threads/places/place-reader.js';
import { loadSharp } from '../../tiling/codecs/load-sharp.js';
import { isUrl } from '../../tiling/places/url.js';
import { startsLikeTiff } from '../../tiling/sources/open-raster.js';
import { previewFile } from '../../tiling/stitch/preview.js';

/** Longest side of a picture in a report. */
const SIDE_PX = 240;
/** Of larger files without overviews no picture is made: reading one would take longer than anybody waits for a report. */
const MAX_READ_PIXELS = 2 ** 26;

/** Of a picture in a store all bytes are fetched. */
const MAX_FETCHED_BYTES = 64 << 20;

/** What a picture is of. */
export interface Pictured {
  readonly path: string;
  readonly pixels: number;
  /** Maps hold small numbers: their pictures reach from black to white. */
  readonly stretched?: boolean;
}

/** A small picture of an image as PNG in base64; undefined where none can be had at little cost. */
export async function thumbnail({ path, pixels, stretched = false }: Pictured): Promise<string | undefined> {
  const sharp = await loadSharp();
  try {
    // Whoever makes a report must not be held up by a store: headers and small overviews are here before they are read.
    if (isUrl(path)) {
      await PLACES.look(path);
      await PLACES.fetchHeaders([path]);
    }
    if (startsLikeTiff(path)) {
      if (pixels > MAX_READ_PIXELS) return undefined;
      const { width, height, channels, pixels: samples } = await previewFile(path, SIDE_PX);
      const picture = sharp(samples, { raw: { width, height, channels } });
      return (await (stretched ? picture.normalise() : picture).png({ compressionLevel: 9 }).toBuffer()).toString(
        'base64',
      );
    }
    const file = isUrl(path) ? await PLACES.fetch(path, { maxBytes: MAX_FETCHED_BYTES }) : path;
    const whole = sharp(file, { limitInputPixels: MAX_READ_PIXELS }).resize(SIDE_PX, SIDE_PX, { fit: 'inside' });
    return (await (stretched ? whole.normalise() : whole).png({ compressionLevel: 9 }).toBuffer()).toString('base64');
  } catch {
    // A report without one of its pictures is still a report.
    return undefined;
  }
}
