// Sums of 64 bits as two limbs, low first: WGSL has no wider integer.
alias Sum = vec2<u32>;

fn added(a: Sum, b: Sum) -> Sum {
  let low = a.x + b.x;
  return vec2<u32>(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn subtracted(a: Sum, b: Sum) -> Sum {
  return vec2<u32>(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn sumOf(value: u32) -> Sum {
  return vec2<u32>(value, 0u);
}

fn limbsOf(sum: Sum) -> vec2<u32> {
  return sum;
}

fn isZero(sum: Sum) -> bool {
  return sum.x == 0u && sum.y == 0u;
}

/// S/n rounded half up for quotients below 2^16 and n below 2^49, by long division bit by bit: integers only.
fn roundedQuotient(sum: Sum, count: Sum) -> u32 {
  var rest = sum;
  var quotient = 0u;
  for (var bit = 16u; bit > 0u; bit--) {
    let shift = bit - 1u;
    // A shift by 32 is undefined in WGSL; shift 0 carries nothing into the upper limb.
    let carried = select(count.x >> (32u - max(shift, 1u)), 0u, shift == 0u);
    let part = vec2<u32>(count.x << shift, (count.y << shift) | carried);
    if (rest.y > part.y || (rest.y == part.y && rest.x >= part.x)) {
      rest = subtracted(rest, part);
      quotient |= 1u << shift;
    }
  }
  let missing = subtracted(count, rest);
  return quotient + select(0u, 1u, rest.y > missing.y || (rest.y == missing.y && rest.x >= missing.x));
}
