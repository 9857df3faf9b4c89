// A Gaussian of one sigma, rows first, then columns. Weights at the cut edge of the input are renormalised along
// each side on its own, which is the same as over the window, since the weights are products. Eight products are
// added as a tree, and those sums with what their roundings lose, so that long windows round no worse than short ones.

struct Params {
  inputWidth: i32,
  inputHeight: i32,
  outputWidth: u32,
  outputHeight: u32,
  x: i32, // the output's first pixel in the input
  y: i32,
  radius: i32,
  zero: u32,
  divided: u32, // 0: sums of lines that the image cuts are left as they are
}

/// The taps of a window that the input holds, and its centre.
struct Line {
  first: i32,
  last: i32,
  centre: i32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<u32>;
// Of distances 0 to radius, normalised over both sides; behind them their sums from distance 1 on, 0 first.
@group(0) @binding(2) var<storage, read> weights: array<f32>;
// Of rows, as bits: output columns, input rows; NaN where a sample was not finite.
@group(0) @binding(3) var<storage, read_write> means: array<u32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

var<private> nonFinite: bool;

@compute @workgroup_size(64)
fn rows(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let at = linearId(group, groups, local);
  let lanes = params.outputWidth * CHANNELS;
  if (at >= lanes * u32(params.inputHeight)) {
    return;
  }
  let row = at / lanes;
  let lane = at - row * lanes;
  let line = lineAround(params.x + i32(lane / CHANNELS), params.inputWidth);
  let origin = row * u32(params.inputWidth) * CHANNELS + lane % CHANNELS;
  nonFinite = false;
  var sum = vec2<f32>();
  for (var u = line.first; u <= line.last; u += 8) {
    let left = (sampleTap(origin, u, line) + sampleTap(origin, u + 1, line)) +
      (sampleTap(origin, u + 2, line) + sampleTap(origin, u + 3, line));
    let right = (sampleTap(origin, u + 4, line) + sampleTap(origin, u + 5, line)) +
      (sampleTap(origin, u + 6, line) + sampleTap(origin, u + 7, line));
    sum = summed(sum, left + right, params.zero);
  }
  means[at] = select(bitcast<u32>(meanOf(sum, line)), NOT_A_NUMBER, nonFinite);
}

@compute @workgroup_size(64)
fn columns(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let perWord = 4u / BYTES;
  let word = linearId(group, groups, local);
  let lanes = params.outputWidth * CHANNELS;
  let samples = lanes * params.outputHeight;
  if (word * perWord >= samples) {
    return;
  }
  var result = 0u;
  for (var i = 0u; i < perWord; i++) {
    let sample = word * perWord + i;
    if (sample < samples) {
      result |= packed(columnMean(sample % lanes, params.y + i32(sample / lanes), lanes), sample);
    }
  }
  output[word] = result;
}

fn columnMean(lane: u32, y: i32, lanes: u32) -> u32 {
  let line = lineAround(y, params.inputHeight);
  nonFinite = false;
  var sum = vec2<f32>();
  for (var v = line.first; v <= line.last; v += 8) {
    let left = (meanTap(lane, v, lanes, line) + meanTap(lane, v + 1, lanes, line)) +
      (meanTap(lane, v + 2, lanes, line) + meanTap(lane, v + 3, lanes, line));
    let right = (meanTap(lane, v + 4, lanes, line) + meanTap(lane, v + 5, lanes, line)) +
      (meanTap(lane, v + 6, lanes, line) + meanTap(lane, v + 7, lanes, line));
    sum = summed(sum, left + right, params.zero);
  }
  return select(stored(meanOf(sum, line)), NOT_A_NUMBER, nonFinite);
}

fn lineAround(centre: i32, length: i32) -> Line {
  return Line(max(0, centre - params.radius), min(length - 1, centre + params.radius), centre);
}

fn sampleTap(origin: u32, u: i32, line: Line) -> f32 {
  if (u > line.last) {
    return 0.0;
  }
  let sample = origin + u32(u) * CHANNELS;
  let bits = unpacked(input[wordOf(sample)], sample);
  nonFinite |= isBad(bits);
  return weights[abs(u - line.centre)] * numberOf(bits);
}

fn meanTap(lane: u32, v: i32, lanes: u32, line: Line) -> f32 {
  if (v > line.last) {
    return 0.0;
  }
  let bits = means[u32(v) * lanes + lane];
  let bad = isBad(bits);
  nonFinite |= bad;
  return weights[abs(v - line.centre)] * bitcast<f32>(select(bits, 0u, bad));
}

/// The mean over a line's taps, or their sum: a whole window's weights sum to 1.
fn meanOf(sum: vec2<f32>, line: Line) -> f32 {
  let value = sum.x + sum.y;
  if (params.divided == 0u || line.last - line.first == 2 * params.radius) {
    return value;
  }
  let sums = params.radius + 1;
  return value / (weights[0] + weights[sums + line.centre - line.first] + weights[sums + line.last - line.centre]);
}
