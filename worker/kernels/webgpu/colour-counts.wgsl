// How many pixels have which colour: one counter for each of the 2^24 colours, then those that are not 0 one after
// the other. In what order they come out is left to chance; counts are exact.

struct Params {
  pixels: u32,
  entries: u32, // room in `found`
  bins: u32,
}

struct Found {
  colours: atomic<u32>, // may be more than there is room for
  unused: u32,
  entries: array<vec2<u32>>, // 0xRRGGBB, pixels
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rgba: array<u32>; // red in the low byte
@group(0) @binding(2) var<storage, read_write> bins: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> found: Found;

@compute @workgroup_size(64)
fn clearBins(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let bin = linearId(group, groups, local);
  if (bin == 0u) {
    atomicStore(&found.colours, 0u);
  }
  if (bin < params.bins) {
    atomicStore(&bins[bin], 0u);
  }
}

@compute @workgroup_size(64)
fn countColours(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let pixel = linearId(group, groups, local);
  if (pixel >= params.pixels) {
    return;
  }
  let value = rgba[pixel];
  if ((value >> 24u) != 0u) {
    let colour = ((value & 0xffu) << 16u) | (value & 0xff00u) | ((value >> 16u) & 0xffu);
    atomicAdd(&bins[colour], 1u);
  }
}

@compute @workgroup_size(64)
fn gatherColours(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let colour = linearId(group, groups, local);
  if (colour >= params.bins) {
    return;
  }
  let count = atomicLoad(&bins[colour]);
  if (count > 0u) {
    let at = atomicAdd(&found.colours, 1u);
    if (at < params.entries) {
      found.entries[at] = vec2<u32>(colour, count);
    }
  }
}
