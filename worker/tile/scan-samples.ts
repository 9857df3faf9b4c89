import { type BitRange, joinedBits, type SampleBits } from '../../tiling/operations/digits.js';
import type { BlockSource } from '../../tiling/raster/block-source.js';
import { allocateSamples, bytesOf } from '../../tiling/raster/dtype.js';
import { RasterReader } from '../../tiling/sources/raster-reader.js';
import type { BitsData } from '../../tiling/work/bits.js';
import { isNodata, nodataSample } from '../kernels/reference/samples/nodata.js';
import { alphaLast } from './alpha-order.js';

/** Exponents of a float32, and places of the lowest bit in its mantissa, the implied one among them. */
const EXPONENTS = 256;
const PLACES = 24;

/** The bits of an open image's samples in a rect. */
export async function bitsIn(source: BlockSource, { image, rect }: BitsData, nowMs: () => number): Promise<SampleBits> {
  const { channels } = image;
  const samples = allocateSamples('float32', rect.width * rect.height * channels) as Float32Array;
  await new RasterReader(source, null, nowMs).read(rect, bytesOf(samples), rect.width * channels * 4);
  alphaLast({ rect, channels, dtype: 'float32', stride: rect.width * channels, samples }, image);
  const weighs = image.alpha === 'unassociated' && channels > 1;
  const all = Array.from({ length: channels }, (_, channel) => seenIn(samples, channels, channel, image));
  const colours = weighs ? all.slice(0, -1) : all;
  return {
    ranges: joinedBits(colours.flatMap(({ ranges }) => ranges)),
    alpha: weighs ? all.at(-1)!.ranges : [],
    finite: all.every(({ finite }) => finite),
  };
}

function seenIn(
  samples: Float32Array,
  channels: number,
  channel: number,
  { nodata }: BitsData['image'],
): { readonly ranges: readonly BitRange[]; readonly finite: boolean } {
  const words = new Uint32Array(samples.buffer, samples.byteOffset, samples.length);
  const missing = nodataSample('float32', nodata?.[channel]);
  // Of each exponent, which places the lowest bit was seen in.
  const seen = new Uint8Array(EXPONENTS * PLACES);
  let finite = true;
  for (let at = channel; at < words.length; at += channels) {
    const word = words[at]!;
    const exponent = (word >>> 23) & 0xff;
    const mantissa = word & 0x7f_ffff;
    if (missing !== null && isNodata(samples[at]!, missing)) continue;
    if (exponent === 0xff) finite = false;
    else if ((word & 0x7fff_ffff) !== 0) {
      const place = mantissa === 0 ? PLACES - 1 : 31 - Math.clz32(mantissa & -mantissa);
      seen[exponent * PLACES + place] = 1;
    }
  }
  const ranges: BitRange[] = [];
  for (let exponent = 0; exponent < EXPONENTS; exponent++) {
    const place = seen.subarray(exponent * PLACES, (exponent + 1) * PLACES).indexOf(1);
    // Below the smallest normal number there is no implied bit; its place is counted as if there were.
    const unit = Math.max(1, exponent) - 150;
    if (place >= 0) ranges.push({ lowest: unit + place, highest: unit + PLACES - 1 });
  }
  return { ranges: joinedBits(ranges), finite };
}
