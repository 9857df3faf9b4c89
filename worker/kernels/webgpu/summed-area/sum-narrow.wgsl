// Sums that wrap at 2^32: differences of them are exact while the sum of the window itself stays below.
alias Sum = u32;

fn added(a: Sum, b: Sum) -> Sum {
  return a + b;
}

fn subtracted(a: Sum, b: Sum) -> Sum {
  return a - b;
}

fn sumOf(value: u32) -> Sum {
  return value;
}

fn limbsOf(sum: Sum) -> vec2<u32> {
  return vec2<u32>(sum, 0u);
}

fn isZero(sum: Sum) -> bool {
  return sum == 0u;
}

/// S/n rounded half up; the remainder decides, so that nothing overflows.
fn roundedQuotient(sum: Sum, count: Sum) -> u32 {
  let quotient = sum / count;
  let remainder = sum - quotient * count;
  return quotient + select(0u, 1u, remainder >= count - remainder);
}
