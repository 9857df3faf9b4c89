import type { Size } from '../geometry/rect.js';

/**
 * Bytes as rows of single bits, highest first, each in whole bytes (TIFF 6.0 section 3): a bit is set where the byte is not
 * 0. Each row's last byte is filled with zeros.
 */
export function packBits(bytes: Uint8Array, { width, height }: Size): Uint8Array {
  const rowBytes = Math.ceil(width / 8);
  const packed = new Uint8Array(rowBytes * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (bytes[y * width + x] !== 0) packed[y * rowBytes + (x >> 3)]! |= 128 >> (x & 7);
    }
  }
  return packed;
}
