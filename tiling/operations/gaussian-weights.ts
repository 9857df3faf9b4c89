/** Half-width of a Gaussian's window: ⌊truncate·sigma + ½⌋, as in SciPy. */
export function gaussianRadius(sigma: number, truncate: number): number {
  return Math.floor(truncate * sigma + 0.5);
}

/**
 * The weights exp(−i²/(2·sigma²)) for i = 0 to radius, not normalised; the whole two-dimensional weight of
 * (dx, dy) is the product of two of them. Sigma 0 is the sample itself.
 */
export function gaussianWeights(sigma: number, radius: number): Float64Array {
  return Float64Array.from({ length: radius + 1 }, (_, i) => (i === 0 ? 1 : Math.exp(-(i * i) / (2 * sigma * sigma))));
}
