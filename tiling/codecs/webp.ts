import { decodePicture } from './picture.js';

/** What the block must decode to. */
export interface WebpShape {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/**
 * Decodes one WebP block. The encoder drops an alpha channel that is opaque everywhere; it comes back as 255.
 * @returns the interleaved samples
 */
export async function decodeWebp(encoded: Uint8Array, { width, height, channels }: WebpShape): Promise<Uint8Array> {
  const decoded = await decodePicture(encoded, { pixels: width * height, channels });
  if (decoded.width !== width || decoded.height !== height) {
    throw new Error(`the picture is ${decoded.width}×${decoded.height}, not ${width}×${height}`);
  }
  if (decoded.channels === channels) return decoded.bytes;
  if (decoded.channels !== 3 || channels !== 4) throw new Error(`the picture has ${decoded.channels} channels`);
  const opaque = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0, j = 0; j < opaque.length; i += 3, j += 4) {
    opaque[j] = decoded.bytes[i]!;
    opaque[j + 1] = decoded.bytes[i + 1]!;
    opaque[j + 2] = decoded.bytes[i + 2]!;
  }
  return opaque;
}
