/**
 * S/n rounded half up, exactly, for integers 0 ≤ S < 2^53 and 0 < n < 2^52: the remainder decides, so that no
 * quotient of two large numbers is ever rounded by floating point.
 */
export function roundedQuotient(sum: number, count: number): number {
  const remainder = sum % count;
  const quotient = (sum - remainder) / count;
  return remainder >= count - remainder ? quotient + 1 : quotient;
}
