/** What weights of fixed point add up to over the whole window. */
export const FIXED_ONE = 2 ** 15;
/** A weight must fit 16 bits with a sign. */
const LARGEST = FIXED_ONE - 1;
/** How far a uint8 result may lie from the formula before it is rounded. */
const LARGEST_ERROR = 0.4;
/** What rounding between the two passes and cutting the sums adds to that error. */
const ROUNDING_ERROR = 2 ** -8 + 2 ** -16;

/**
 * Symmetric weights (index 0 is the centre) as multiples of 2^−15 that sum to exactly 1 over both sides;
 * undefined where a result of uint8 samples could come out more than 0.4 from the formula before rounding. As both
 * sums are 1, each of the two passes errs by at most half the range times what its weights are off in all.
 */
export function fixedWeightsOf(weights: Float64Array): Int16Array | undefined {
  const total = (values: Float64Array) => values.reduce((sum, value, i) => sum + (i === 0 ? value : 2 * value), 0);
  const unit = FIXED_ONE / total(weights);
  const fixed = weights.map((weight) => Math.round(weight * unit));
  fixed[0]! += FIXED_ONE - total(fixed);
  if (fixed[0]! > LARGEST || fixed[0]! < 0) return undefined;
  const off = total(weights.map((weight, i) => Math.abs(fixed[i]! / FIXED_ONE - (weight * unit) / FIXED_ONE)));
  return 2 * 127.5 * off + ROUNDING_ERROR <= LARGEST_ERROR ? Int16Array.from(fixed) : undefined;
}

/**
 * The window's weights from its first to its last in pairs of neighbours, filled up with a 0 behind the last; then
 * once more with that 0 before the first.
 */
export function weightPairs(fixed: Int16Array): Int16Array {
  const window = [...fixed.slice(1).reverse(), ...fixed];
  return Int16Array.from([...window, 0, 0, ...window]);
}
