import { decodePicture } from './picture.js';

/** What the block must decode to, and how its colour is stored. */
export interface JpegShape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Rows that the picture may have: some writers store the last strip at full height. */
  readonly maxHeight: number;
  /** TIFF's photometric interpretation: 6 is YCbCr. */
  readonly storedPhotometric: number;
  readonly tables: Uint8Array | undefined;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;

/**
 * Decodes one JPEG block (TIFF Technical Note 2): its tables stand in a tag, and its colour is what the TIFF
 * says. Markers by which a decoder would guess the colour (JFIF, Adobe) are left out and the right one is put
 * in, so that the samples equal libtiff's.
 * @returns the interleaved samples; rows below `height` are dropped
 */
export async function decodeJpeg(encoded: Uint8Array, shape: JpegShape): Promise<Uint8Array> {
  const { width, height, channels } = shape;
  const frame = { width: 0, height: 0, channels: 0 };
  const parts: Uint8Array[] = [Uint8Array.of(0xff, SOI)];
  if (channels >= 3) parts.push(adobeMarker(shape.storedPhotometric === 6 ? 1 : 0));
  if (shape.tables !== undefined) copySegments(shape.tables, parts, frame);
  copySegments(encoded, parts, frame);
  const fits = frame.width === width && frame.height >= height && frame.height <= shape.maxHeight;
  if (!fits || frame.channels !== channels) {
    throw new Error(
      `the picture is ${frame.width}×${frame.height}×${frame.channels}, not ${width}×${height}×${channels}`,
    );
  }
  const decoded = await decodePicture(Buffer.concat(parts), {
    ...{ pixels: width * frame.height, channels },
    isJpeg: true,
  });
  if (decoded.channels !== channels) throw new Error(`the picture decoded to ${decoded.channels} channels`);
  const samples = decoded.bytes.subarray(0, width * height * channels);
  // What Adobe's marker stands before is the other way round in libvips, and not in TIFF.
  if (channels === 4) for (let i = 0; i < samples.length; i++) samples[i]! ^= 0xff;
  return samples;
}

/** Copies the segments up to and with the scan, without the application markers, and notes the frame's size. */
function copySegments(
  jpeg: Uint8Array,
  parts: Uint8Array[],
  frame: { width: number; height: number; channels: number },
) {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) throw new Error('no JPEG start marker');
  let at = 2;
  while (at + 4 <= jpeg.length) {
    if (jpeg[at] !== 0xff) throw new Error(`no JPEG marker at byte ${at}`);
    const marker = jpeg[at + 1]!;
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === EOI) return;
    if (marker === SOS) {
      parts.push(jpeg.subarray(at));
      return;
    }
    const length = (jpeg[at + 2]! << 8) | jpeg[at + 3]!;
    const end = at + 2 + length;
    if (length < 2 || end > jpeg.length) throw new Error(`the JPEG segment at byte ${at} is cut short`);
    if (isFrame(marker)) {
      if (length < 8) throw new Error('the JPEG frame header is cut short');
      frame.height = (jpeg[at + 5]! << 8) | jpeg[at + 6]!;
      frame.width = (jpeg[at + 7]! << 8) | jpeg[at + 8]!;
      frame.channels = jpeg[at + 9]!;
    }
    const application = marker >= 0xe0 && marker <= 0xef;
    if (!application) parts.push(jpeg.subarray(at, end));
    at = end;
  }
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie among them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Adobe's APP14: `transform` 0 is RGB, 1 is YCbCr. */
function adobeMarker(transform: 0 | 1): Uint8Array {
  return Uint8Array.of(0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform);
}
