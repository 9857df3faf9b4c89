// Samples of any type as numbers, 0 where they are none.

struct Params {
  samples: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> input: array<u32>;
@group(0) @binding(2) var<storage, read_write> plane: array<f32>;

@compute @workgroup_size(64)
fn expand(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let sample = linearId(group, groups, local);
  if (sample < params.samples) {
    plane[sample] = numberOf(unpacked(input[wordOf(sample)], sample));
  }
}
