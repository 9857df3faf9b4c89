import { MACHINE_LITTLE_ENDIAN } from '../raster/stored-block.js';

/** Samples of one block, and which of them are chroma. */
export interface ChromaPlaces {
  readonly sampleBytes: number;
  /** Samples of a pixel in the block: all channels, or one where planes are apart. */
  readonly step: number;
  /** The channel of a plane that is apart. */
  readonly channel?: number;
}

/**
 * Turns a* and b* of CIELab (TIFF 6.0 section 23), the second and third channel, between the signed integers of a file
 * and those that begin at 0 here: 128 more, or 32768, which is their highest bit. In place; twice is nothing.
 */
export function flipChroma(block: Uint8Array, { sampleBytes, step, channel = 0 }: ChromaPlaces): void {
  const high = MACHINE_LITTLE_ENDIAN ? sampleBytes - 1 : 0;
  const pixelBytes = sampleBytes * step;
  if (step === 1) {
    if (channel === 1 || channel === 2) flipEvery(block, high, pixelBytes);
    return;
  }
  flipEvery(block, sampleBytes + high, pixelBytes);
  flipEvery(block, 2 * sampleBytes + high, pixelBytes);
}

/**
 * The same for rows of samples that are predicted horizontally already: all but the first of each row are differences,
 * which are the same with and without a sign.
 */
export function flipPredictedChroma(block: Uint8Array, rowBytes: number, places: ChromaPlaces): void {
  for (let at = 0; at < block.length; at += rowBytes) {
    flipChroma(block.subarray(at, at + places.step * places.sampleBytes), places);
  }
}

function flipEvery(bytes: Uint8Array, from: number, step: number): void {
  for (let at = from; at < bytes.length; at += step) bytes[at]! ^= 0x80;
}
