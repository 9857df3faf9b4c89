/**
 * The sum of squared differences from the mean, of n samples of given sum and sum of squares. First from the whole number
 * next to the mean: for integers whose sums are below 2^53 that is exact, and what is left to take off is at most n/4,
 * so that nothing large cancels.
 */
// @ts-ignore: decorator
@inline
export function squaresAroundMean(n: f64, sum: f64, squares: f64): f64 {
  const near = nearest(sum / n);
  const rest = sum - n * near;
  const around = squares - near * sum - near * rest - (rest * rest) / n;
  return around > 0 ? around : 0;
}
