import { ColourCounts } from '../../../tiling/palette/colour-counts.js';
import { Remap, type Rgb } from '../../../tiling/palette/remap.js';
import { countColours, type WorkPerformer } from './colour-counts.js';
import { remapOnDevice } from './remap.js';

/** Checks of the programs for palettes by the variant that they check. */
export const COLOUR_CHECKS: Readonly<Record<string, (device: WorkPerformer) => Promise<boolean>>> = {
  'colour counts': countsAgree,
  'palette remap': remapAgrees,
};

const PIXELS = 5003;

/** Colours of many pixels and of one, every alpha. */
function pattern(): Uint8Array {
  return Uint8Array.from({ length: PIXELS * 4 }, (_, i) => {
    const pixel = i >> 2;
    return (i & 3) === 3 ? pixel % 256 : Math.imul(pixel % 7 === 0 ? 3 : pixel, 0x9e3779b1 + i * (i & 3)) >>> 24;
  });
}

async function countsAgree(device: WorkPerformer): Promise<boolean> {
  const rgba = pattern();
  const expected = new ColourCounts();
  expected.addRgba(rgba);
  const counted = await countColours(device, rgba);
  return counted !== undefined && Buffer.from(counted.toBytes()).equals(expected.toBytes());
}

async function remapAgrees(device: WorkPerformer): Promise<boolean> {
  const rgba = pattern();
  // The first two are equally far from most greys.
  const palette: Rgb[] = [
    [10, 0, 0],
    [0, 10, 0],
    [255, 255, 255],
    [128, 128, 127],
    [128, 127, 128],
    [0, 10, 0],
  ];
  const remap = new Remap(palette, [
    [255, 255, 255],
    [0, 0, 0],
  ]);
  const expected = remap.frame(rgba);
  const actual = await remapOnDevice(device, rgba, { palette, via: remap.via });
  const same = actual.indices.every((index, pixel) => index === expected.indices[pixel]);
  return same && actual.hasTransparent && actual.hasTranslucent;
}
