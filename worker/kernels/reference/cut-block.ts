import { allocateSamples, bytesOf, type Samples } from '../../../tiling/raster/dtype.js';
import type { TileRaster } from '../kernel.js';
import type { BlockOptions, PixelKernels } from '../pixel-kernels.js';

/** One output block's content, by the rule of {@link PixelKernels.cutBlock}. */
export const cutBlock: PixelKernels['cutBlock'] = (raster, options, into) => {
  const samples = paddedCopy(raster, options);
  const rowLength = options.block.width * raster.channels;
  if (options.predictor === 2) differences(wordsOf(samples), rowLength, raster.channels);
  if (options.predictor === 3) floatDifferences(bytesOf(samples), rowLength, raster.channels);
  into.set(bytesOf(samples));
};

function paddedCopy(raster: TileRaster, { rect, block }: BlockOptions): Samples {
  const { channels, stride, samples } = raster;
  const copy = allocateSamples(raster.dtype, block.width * block.height * channels);
  for (let y = 0, i = 0; y < block.height; y++) {
    const row = Math.min(y, rect.height - 1) + rect.y - raster.rect.y;
    for (let x = 0; x < block.width; x++) {
      const column = Math.min(x, rect.width - 1) + rect.x - raster.rect.x;
      for (let c = 0; c < channels; c++) copy[i++] = samples[row * stride + column * channels + c]!;
    }
  }
  return copy;
}

/** Samples as unsigned integers of their own width: differences of floats are those of their bits. */
function wordsOf(samples: Samples): Uint8Array | Uint16Array | Uint32Array {
  return samples instanceof Float32Array ? new Uint32Array(samples.buffer) : samples;
}

/** TIFF 6.0 section 14: each sample less the one of the pixel before it in the row, modulo its width. */
function differences(words: Uint8Array | Uint16Array | Uint32Array, rowLength: number, channels: number): void {
  for (let row = 0; row < words.length; row += rowLength) {
    for (let i = row + rowLength - 1; i >= row + channels; i--) words[i]! -= words[i - channels]!;
  }
}

/**
 * Adobe TIFF Technical Note 3: a row's bytes are parted into planes, the most significant first, then
 * differenced as bytes, `channels` apart.
 */
function floatDifferences(bytes: Uint8Array, rowLength: number, channels: number): void {
  for (let row = 0; row < bytes.length; row += 4 * rowLength) {
    const plain = bytes.slice(row, row + 4 * rowLength);
    for (let i = 0; i < rowLength; i++) {
      for (let byte = 0; byte < 4; byte++) bytes[row + (3 - byte) * rowLength + i] = plain[4 * i + byte]!;
    }
    for (let i = row + 4 * rowLength - 1; i >= row + channels; i--) bytes[i]! -= bytes[i - channels]!;
  }
}
