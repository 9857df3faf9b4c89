// Means as samples. Where the image cuts windows, sums are divided by what of the weights lies in it: a product of
// one share across and one down for each level, interpolated as the sums are. One invocation writes one word.

struct Params {
  width: u32,
  samples: u32,
  channels: u32,
  cut: u32,      // 1 where `shares` are to divide
  lowest: i32,   // the interval whose lower level stands first in them
  down: u32,     // where the shares down begin
  height: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> means: array<f32>;
@group(0) @binding(2) var<storage, read> sigmas: array<f32>;
// Two levels an interval: shares of all columns for each, then of all rows.
@group(0) @binding(3) var<storage, read> shares: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn store(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let perWord = 4u / BYTES;
  let word = linearId(group, groups, local);
  if (word * perWord >= params.samples) {
    return;
  }
  var result = 0u;
  for (var i = 0u; i < perWord; i++) {
    let sample = word * perWord + i;
    if (sample < params.samples) {
      var mean = means[sample];
      if (params.cut == 1u) {
        mean /= weightIn(sample / params.channels);
      }
      result |= packed(stored(mean), sample);
    }
  }
  output[word] = result;
}

/// How much of a pixel's weights lies in the image.
fn weightIn(pixel: u32) -> f32 {
  let sigma = sigmas[pixel];
  if (sigma < 1.0) {
    return 1.0;
  }
  let y = pixel / params.width;
  let x = pixel - y * params.width;
  let standing = standingOf(sigma);
  let level = 2u * u32(max(standing.interval - params.lowest, 0));
  let lower = shares[level * params.width + x] * shares[params.down + level * params.height + y];
  let upper = shares[(level + 1u) * params.width + x] * shares[params.down + (level + 1u) * params.height + y];
  return mix(lower, upper, standing.share);
}
