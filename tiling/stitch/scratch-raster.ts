import type { RasterInfo } from '../raster/raster-info.js';

/** Bytes before the pixels: header, directory, and bits and kinds of each channel. */
export const HEADER_BYTES = 4096;

/** The head of a BigTIFF of one strip, whose samples are bytes. */
export function scratchHeader({ width, height, channels }: RasterInfo): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const tags: readonly (readonly [tag: number, type: 3 | 16, values: readonly number[]])[] = [
    [256, 16, [width]],
    [257, 16, [height]],
    [258, 3, new Array<number>(channels).fill(8)],
    [259, 3, [1]],
    [262, 3, [1]],
    [273, 16, [HEADER_BYTES]],
    [277, 3, [channels]],
    [278, 16, [height]],
    [279, 16, [width * channels * height]],
    [284, 3, [1]],
    [338, 3, new Array<number>(channels - 1).fill(0)],
  ];
  bytes.set([0x49, 0x49, 43, 0, 8, 0, 0, 0, 16]);
  view.setBigUint64(16, BigInt(tags.length), true);
  let entry = 24;
  let beyond = entry + tags.length * 20 + 8;
  for (const [tag, type, values] of tags) {
    view.setUint16(entry, tag, true);
    view.setUint16(entry + 2, type, true);
    view.setBigUint64(entry + 4, BigInt(values.length), true);
    const size = type === 3 ? 2 : 8;
    const inline = values.length * size <= 8;
    if (!inline) view.setBigUint64(entry + 12, BigInt(beyond), true);
    let at = inline ? entry + 12 : beyond;
    for (const value of values) {
      if (type === 3) view.setUint16(at, value, true);
      else view.setBigUint64(at, BigInt(value), true);
      at += size;
    }
    if (!inline) beyond = Math.ceil(at / 8) * 8;
    entry += 20;
  }
  return bytes;
}
