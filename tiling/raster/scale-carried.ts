import type { Size } from '../geometry/rect.js';
import type { CarriedTag } from './raster-info.js';

const X_RESOLUTION = 282;
const Y_RESOLUTION = 283;
const MODEL_PIXEL_SCALE = 33550;
const MODEL_TIEPOINT = 33922;
const MODEL_TRANSFORMATION = 34264;
/** Resolutions keep six decimals. */
const DENOMINATOR = 1_000_000;

/**
 * Tags that travel from an input to an output of another size: resolution and geo-referencing are scaled, so
 * that they describe the same ground. Tags that do not depend on the size stay what they are.
 */
export function scaleCarried(tags: readonly CarriedTag[], from: Size, to: Size): readonly CarriedTag[] {
  const x = from.width / to.width;
  const y = from.height / to.height;
  if (x === 1 && y === 1) return tags;
  return tags.map((tag) => {
    switch (tag.tag) {
      case X_RESOLUTION:
        return scaledRational(tag, 1 / x);
      case Y_RESOLUTION:
        return scaledRational(tag, 1 / y);
      case MODEL_PIXEL_SCALE:
        return scaledDoubles(tag, (i) => [x, y, 1][i] ?? 1);
      case MODEL_TIEPOINT:
        return scaledDoubles(tag, (i) => [1 / x, 1 / y, 1, 1, 1, 1][i % 6]!);
      case MODEL_TRANSFORMATION:
        return scaledDoubles(tag, (i) => [x, y, 1, 1][i % 4]!);
      default:
        return tag;
    }
  });
}

function scaledRational(tag: CarriedTag, factor: number): CarriedTag {
  const view = new DataView(tag.bytes.buffer, tag.bytes.byteOffset, tag.bytes.byteLength);
  const value = (view.getUint32(0, true) / (view.getUint32(4, true) || 1)) * factor;
  const bytes = new Uint8Array(8);
  const scaled = new DataView(bytes.buffer);
  scaled.setUint32(0, Math.min(0xffffffff, Math.round(value * DENOMINATOR)), true);
  scaled.setUint32(4, DENOMINATOR, true);
  return { ...tag, bytes };
}

function scaledDoubles(tag: CarriedTag, factor: (index: number) => number): CarriedTag {
  const bytes = tag.bytes.slice();
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < tag.count; i++) view.setFloat64(8 * i, view.getFloat64(8 * i, true) * factor(i), true);
  return { ...tag, bytes };
}
