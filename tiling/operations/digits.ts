/**
 * Samples as whole numbers that float64 adds exactly: a sample is the sum of its digits, each times the power of two at
 * which the digit stands, and all of its own sign. Digits are summed each by itself, so that no sum is ever rounded and
 * a large sample leaves no trace in windows that it is not in.
 */
export interface Digits {
  /** Bits of a digit. */
  readonly bits: number;
  /** The powers of two at which digits stand, ascending. No sample has bits between them. */
  readonly at: readonly number[];
}

/** Sums of whole numbers stay exact below this; two of them may be added before the next are taken away. */
const EXACT_BELOW_LOG2 = 52;
/** A digit that is shorter makes more of them than pay. */
const LEAST_BITS = 4;

/** The powers of two that a float32 may have as its lowest and its highest bit. */
const SINGLE_BITS: BitRange = { lowest: -149, highest: 127 };

/** From a power of two to another one, both inclusive. */
export interface BitRange {
  readonly lowest: number;
  readonly highest: number;
}

/** What is known of the samples of an image of float32, of those that count in a window. */
export interface SampleBits {
  /** Where their bits lie, ascending and apart; samples that are 0 have none. */
  readonly ranges: readonly BitRange[];
  /** Those of unassociated alpha, which lies in the last channel. */
  readonly alpha: readonly BitRange[];
  /** None is NaN or infinite. */
  readonly finite: boolean;
}

/** What is known of samples that nobody has looked at. */
export const ANY_SINGLES: SampleBits = { ranges: [SINGLE_BITS], alpha: [SINGLE_BITS], finite: false };

/** How many bits a digit may have where so many of them are added; undefined where that is too few to be of use. */
export function digitBits(summands: number): number | undefined {
  const bits = Math.floor(EXACT_BELOW_LOG2 - Math.log2(Math.max(1, summands)));
  return bits < LEAST_BITS ? undefined : bits;
}

/** Digits of a length that hold all bits in these ranges, of which there are any number in any order. */
export function digitsOver(ranges: readonly BitRange[], bits: number): Digits {
  const at: number[] = [];
  for (const { lowest, highest } of [...ranges].sort((a, b) => a.lowest - b.lowest)) {
    let next = Math.max(lowest, at.length === 0 ? lowest : at.at(-1)! + bits);
    for (; next <= highest; next += bits) at.push(next);
  }
  return { bits, at: at.length === 0 ? [0] : at };
}

/** Where the bits of products lie. */
export function productBits(a: readonly BitRange[], b: readonly BitRange[]): BitRange[] {
  if (a.length === 0 || b.length === 0) return [];
  return [{ lowest: a[0]!.lowest + b[0]!.lowest, highest: a.at(-1)!.highest + b.at(-1)!.highest + 1 }];
}

/** Where the bits of squares lie, of numbers that have all theirs in one of these ranges each. */
export function squareBits(ranges: readonly BitRange[]): BitRange[] {
  return joinedBits(ranges.map(({ lowest, highest }) => ({ lowest: 2 * lowest, highest: 2 * highest + 1 })));
}

/** Where the bits of a number lie; nowhere those of 0, or of what float32 holds as no finite number. */
export function bitsOf(value: number): BitRange[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const exponent = (bits >>> 23) & 0xff;
  const mantissa = (bits & 0x7f_ffff) | (exponent === 0 ? 0 : 0x80_0000);
  if (mantissa === 0 || exponent === 0xff) return [];
  const unit = Math.max(1, exponent) - 150;
  const trailing = 31 - Math.clz32(mantissa & -mantissa);
  return [{ lowest: unit + trailing, highest: unit + 31 - Math.clz32(mantissa) }];
}

/** Ranges in order, those that touch as one. */
export function joinedBits(ranges: readonly BitRange[]): BitRange[] {
  const joined: { lowest: number; highest: number }[] = [];
  for (const { lowest, highest } of [...ranges].sort((a, b) => a.lowest - b.lowest)) {
    const last = joined.at(-1);
    if (last !== undefined && lowest <= last.highest + 1) last.highest = Math.max(last.highest, highest);
    else joined.push({ lowest, highest });
  }
  return joined;
}

/** Puts the digits of a finite number into `into`, the lowest first. */
export function putDigits(value: number, { at }: Digits, into: Float64Array, from: number): void {
  let left = Math.abs(value);
  const sign = Math.sign(value);
  for (let i = at.length - 1; i > 0; i--) {
    const unit = 2 ** at[i]!;
    const digit = Math.floor(left / unit);
    left -= digit * unit;
    into[from + i] = sign * digit;
  }
  into[from] = (sign * left) / 2 ** at[0]!;
}

/** The number that sums of digits stand for. */
export function numberOf({ at }: Digits, sums: Float64Array, from: number): number {
  let number = 0;
  for (let i = at.length - 1; i >= 0; i--) number += sums[from + i]! * 2 ** at[i]!;
  return number;
}
