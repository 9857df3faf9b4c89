// Deviations and what follows from them, from summed-area tables of samples, squares and counts. For n samples
// N = n·Σv² − (Σv)² is n² times the population variance: an integer below 2^64 while n is below 2^16. Variances
// N / (n·(n − ddof)) and their roots are rounded half up in integers, and so are the exact ones; the thresholds of
// Niblack and Sauvola compare in float32. One invocation computes four pixels.

struct Params {
  inputWidth: u32,
  inputHeight: u32,
  outputWidth: u32,
  outputPixels: u32,
  x: u32, // the output's first pixel in the input
  y: u32,
  rectangles: u32,
  weighed: u32, // 0 where every sample counts
  ddof: u32,
  kept: u32, // the channel that a threshold leaves alone; none where too large
  low: u32,
  high: u32,
  k: f32,
  r: f32,
  result: u32, // 0 variance, 1 deviation, 2 Niblack, 3 Sauvola
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> values: array<Sum>;
@group(0) @binding(3) var<storage, read> counts: array<Sum>;
@group(0) @binding(5) var<storage, read_write> output: array<u32>;
@group(0) @binding(6) var<storage, read> squares: array<Sum>;

struct Moments {
  count: u32,
  sum: u32,
  squares: vec2<u32>,
}

@compute @workgroup_size(64)
fn windowSpread(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let four = linearId(group, groups, local);
  if (four * 4u >= params.outputPixels) {
    return;
  }
  var words: array<u32, 8>;
  for (var i = 0u; i < 4u; i++) {
    let pixel = four * 4u + i;
    if (pixel < params.outputPixels) {
      let row = pixel / params.outputWidth;
      let x = params.x + pixel - row * params.outputWidth;
      let y = params.y + row;
      let own = y * params.inputWidth + x;
      for (var channel = 0u; channel < CHANNELS; channel++) {
        var result = sampleAt(own * CHANNELS + channel);
        if (!isInvalid(own, channel) && channel != params.kept) {
          result = offNodata(resultOf(moments(x, y, channel), result), channel);
        }
        let sample = i * CHANNELS + channel;
        words[wordOf(sample)] |= packed(result, sample);
      }
    }
  }
  let perFour = CHANNELS * BYTES;
  for (var word = 0u; word < perFour; word++) {
    output[four * perFour + word] = words[word];
  }
}

fn moments(x: u32, y: u32, channel: u32) -> Moments {
  var count = 0u;
  var sum = sumOf(0u);
  var square = sumOf(0u);
  for (var i = 0u; i < params.rectangles; i++) {
    let window = rectangleAt(i32(x), i32(y), i, params.inputWidth, params.inputHeight);
    sum = added(sum, valuesIn(window, channel));
    square = added(square, squaresIn(window, channel));
    if (params.weighed == 1u) {
      count += countIn(window, channel);
    } else {
      count += pixelsOf(window);
    }
  }
  return Moments(count, limbsOf(sum).x, limbsOf(square));
}

fn resultOf(m: Moments, own: u32) -> u32 {
  let spread = limbsMinus(productBy(m.squares, m.count), product(m.sum, m.sum));
  if (params.result >= 2u) {
    return select(params.low, params.high, isAbove(m, spread, own));
  }
  if (m.count <= params.ddof) {
    return 0u;
  }
  let divisor = m.count * (m.count - params.ddof);
  if (params.result == 0u) {
    return variance(spread, divisor);
  }
  return deviation(spread, divisor);
}

fn variance(spread: vec2<u32>, divisor: u32) -> u32 {
  let largest = select(65535u, 255u, BYTES == 1u);
  if (!limbsLess(spread, product(divisor, largest))) {
    return largest;
  }
  // Below 2^16: bit by bit.
  var rest = spread;
  var quotient = 0u;
  for (var bit = 16u; bit > 0u; bit--) {
    let part = product(divisor, 1u << (bit - 1u));
    if (!limbsLess(rest, part)) {
      rest = limbsMinus(rest, part);
      quotient |= 1u << (bit - 1u);
    }
  }
  return quotient + select(0u, 1u, rest.x >= divisor - rest.x);
}

/// √(spread / divisor) rounded half up: an estimate, then integers decide.
fn deviation(spread: vec2<u32>, divisor: u32) -> u32 {
  var root = min(u32(sqrt(limbsToFloat(spread) / f32(divisor))), 65535u);
  while (limbsLess(spread, productBy(product(root, root), divisor))) {
    root--;
  }
  while (root < 65535u && !limbsLess(spread, productBy(product(root + 1u, root + 1u), divisor))) {
    root++;
  }
  // (root + ½)² = root² + root + ¼
  let middle = productBy(product(root, root + 1u), divisor);
  let rounded = root + select(0u, 1u, !limbsLess(spread, middle) && isQuarter(limbsMinus(spread, middle), divisor));
  return min(rounded, select(65535u, 255u, BYTES == 1u));
}

/// Whether `rest` is at least a quarter of `divisor`.
fn isQuarter(rest: vec2<u32>, divisor: u32) -> bool {
  return rest.y > 0u || rest.x >= divisor / 4u + select(0u, 1u, (divisor & 3u) != 0u);
}

/// Whether the sample v is above the threshold, everything times n: n·v − Σv against what k makes of the deviation.
fn isAbove(m: Moments, spread: vec2<u32>, own: u32) -> bool {
  let scaled = own * m.count;
  let above = select(-f32(m.sum - scaled), f32(scaled - m.sum), scaled >= m.sum);
  let deviation = sqrt(limbsToFloat(spread));
  if (params.result == 2u) {
    return above > -params.k * deviation;
  }
  return above > f32(m.sum) * params.k * (deviation / (f32(m.count) * params.r) - 1.0);
}

fn valuesIn(window: Window, channel: u32) -> Sum {
  var sum = valueAt(window.x1, window.y1, channel);
  sum = subtracted(sum, valueAt(window.x0, window.y1, channel));
  sum = subtracted(sum, valueAt(window.x1, window.y0, channel));
  return added(sum, valueAt(window.x0, window.y0, channel));
}

fn valueAt(x: u32, y: u32, channel: u32) -> Sum {
  if (x == 0u || y == 0u) {
    return sumOf(0u);
  }
  return values[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}

fn squaresIn(window: Window, channel: u32) -> Sum {
  var sum = squareAtEntry(window.x1, window.y1, channel);
  sum = subtracted(sum, squareAtEntry(window.x0, window.y1, channel));
  sum = subtracted(sum, squareAtEntry(window.x1, window.y0, channel));
  return added(sum, squareAtEntry(window.x0, window.y0, channel));
}

fn squareAtEntry(x: u32, y: u32, channel: u32) -> Sum {
  if (x == 0u || y == 0u) {
    return sumOf(0u);
  }
  return squares[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}

fn countIn(window: Window, channel: u32) -> u32 {
  return countAt(window.x1, window.y1, channel) - countAt(window.x0, window.y1, channel) -
    countAt(window.x1, window.y0, channel) + countAt(window.x0, window.y0, channel);
}

/// Counts wrap at 2^32 as sums do: those of windows are below.
fn countAt(x: u32, y: u32, channel: u32) -> u32 {
  if (x == 0u || y == 0u) {
    return 0u;
  }
  return limbsOf(counts[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel]).x;
}
