// The largest exponent field among finite samples that count, 0 where there are none.

struct Params {
  samples: u32,
  stride: u32, // of an invocation, in samples
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> extent: array<atomic<u32>>;

var<workgroup> together: atomic<u32>;

@compute @workgroup_size(64)
fn findExtent(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  if (local == 0u) {
    atomicStore(&together, 0u);
  }
  workgroupBarrier();
  var largest = 0u;
  for (var sample = linearId(group, groups, local); sample < params.samples; sample += params.stride) {
    let bits = sampleAt(sample);
    let pixel = sample / CHANNELS;
    if (!isBad(bits) && !isInvalid(pixel, sample - pixel * CHANNELS)) {
      largest = max(largest, (bits >> 23u) & 0xffu);
    }
  }
  atomicMax(&together, largest);
  workgroupBarrier();
  if (local == 0u) {
    atomicMax(&extent[0], atomicLoad(&together));
  }
}
