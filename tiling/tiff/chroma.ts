import { badInput } from '../errors.js';
import { JFIF_MEANING, type StoredChroma } from '../raster/ycbcr-meaning.js';
import type { Directory } from './directory.js';
import { TAG } from './tags.js';

const SHARED: readonly number[] = [1, 2, 4];

/**
 * How the YCbCr of a directory lies in its blocks, and what it stands for (TIFF 6.0 section 21): two by two pixels share
 * their colour where nothing is said.
 * @throws bad-input for what TIFF does not have
 */
export function readChroma(directory: Directory): StoredChroma {
  const [across = 2, down = 2] = directory.integers(TAG.chromaSubsampling, 2);
  if (!SHARED.includes(across) || !SHARED.includes(down)) {
    const what = `YCbCr whose colour is shared by ${across}×${down} pixels (tag 530)`;
    throw badInput({ what, ...directory.place, expected: '1, 2 or 4 each way' });
  }
  const luma = directory.numbers(TAG.ycbcrCoefficients);
  const reference = directory.numbers(TAG.referenceBlackWhite);
  return {
    across,
    down,
    luma: luma.length === 3 ? (luma as [number, number, number]) : JFIF_MEANING.luma,
    reference: reference.length === 6 ? reference : JFIF_MEANING.reference,
  };
}
