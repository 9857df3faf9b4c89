import type { CarriedTag } from '../raster-info.js';

const RATIONAL = 5;
const DOUBLE = 12;
const LARGEST = 0xffffffff;

type Read = (view: DataView, at: number) => number;

/** How numbers of each TIFF field type lie in a little-endian file: their bytes and what reads them. */
const READERS: Readonly<Record<number, { readonly bytes: number; readonly read: Read }>> = {
  1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  3: { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  4: { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  5: { bytes: 8, read: (view, at) => view.getUint32(at, true) / view.getUint32(at + 4, true) },
  6: { bytes: 1, read: (view, at) => view.getInt8(at) },
  8: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  9: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  10: { bytes: 8, read: (view, at) => view.getInt32(at, true) / view.getInt32(at + 4, true) },
  11: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  12: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  16: { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) },
  17: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
};

/** The numbers of a carried tag, whatever their field type; none where the type holds no numbers. */
export function numbersOf(tag: CarriedTag): number[] {
  const reader = READERS[tag.type];
  if (reader === undefined) return [];
  const view = new DataView(tag.bytes.buffer, tag.bytes.byteOffset, tag.bytes.byteLength);
  const count = Math.min(tag.count, Math.floor(tag.bytes.length / reader.bytes));
  return Array.from({ length: count }, (_, i) => reader.read(view, i * reader.bytes));
}

/** A tag of DOUBLE numbers. */
export function doublesTag(tag: number, values: readonly number[]): CarriedTag {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true);
  return { tag, type: DOUBLE, count: values.length, bytes };
}

/** A tag of one positive number as the nearest fraction of 32-bit terms; undefined where none is near. */
export function rationalTag(tag: number, value: number): CarriedTag | undefined {
  if (!(value > 0) || value > LARGEST) return undefined;
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  const [numerator, denominator] = nearestFraction(value);
  if (numerator === 0) return undefined;
  view.setUint32(0, numerator, true);
  view.setUint32(4, denominator, true);
  return { tag, type: RATIONAL, count: 1, bytes };
}

/** Continued fractions, until the next one would not fit or tell more than a float64 does. */
function nearestFraction(value: number): [number, number] {
  let [before, current] = [
    [0, 1],
    [1, 0],
  ];
  let rest = value;
  for (;;) {
    const whole = Math.floor(rest);
    const next = [whole * current![0]! + before![0]!, whole * current![1]! + before![1]!];
    if (next[0]! > LARGEST || next[1]! > LARGEST) break;
    [before, current] = [current, next];
    const error = Math.abs(next[0]! / next[1]! - value);
    if (error <= value * 2 ** -50 || rest === whole) break;
    rest = 1 / (rest - whole);
  }
  return [current![0]!, current![1]!];
}
