// Samples times what they weigh, and what they weigh, as numbers: worker/kernels/reference/samples/average.ts.

struct Params {
  samples: u32,
  mark: u32, // 1: a sample that weighs and is not finite becomes NaN, 0: zero
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> products: array<u32>; // floats, as bits
@group(0) @binding(3) var<storage, read_write> weights: array<f32>;

@compute @workgroup_size(64)
fn weigh(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let sample = linearId(group, groups, local);
  if (sample >= params.samples) {
    return;
  }
  let pixel = sample / CHANNELS;
  let bits = sampleAt(sample);
  let weight = weightOf(pixel, sample - pixel * CHANNELS);
  let bad = params.mark == 1u && weight > 0u && isBad(bits);
  products[sample] = select(bitcast<u32>(f32(weight) * numberOf(bits)), NOT_A_NUMBER, bad);
  weights[sample] = f32(weight);
}
