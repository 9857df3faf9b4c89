import { loadSharp } from './load-sharp.js';

/** Pixels that libvips decoded, and what it says they are. */
export interface DecodedPixels {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** What a block must be at most, checked before it is decoded. */
export interface PictureLimits {
  readonly pixels: number;
  readonly channels: number;
  readonly isJpeg?: boolean;
}

/** Decodes one block that is a whole picture of 8-bit samples through libvips; no colour profile is applied. */
export async function decodePicture(
  picture: Uint8Array,
  { pixels, channels, isJpeg }: PictureLimits,
): Promise<DecodedPixels> {
  const sharp = await loadSharp();
  const decoder = sharp(picture, { limitInputPixels: pixels, failOn: 'warning', ignoreIcc: true });
  // Four channels of JPEG are inks to libvips whatever they are, which come out as they lie there.
  if (isJpeg && channels === 4) decoder.pipelineColourspace('cmyk').toColourspace('cmyk');
  else decoder.toColourspace(channels === 1 ? 'b-w' : 'srgb');
  const { data, info } = await decoder.raw().toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height, channels: info.channels };
}
