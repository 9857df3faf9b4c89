// The nearest colour of a palette for each pixel: Euclidean in RGB, in integers, the lowest index on a tie, then what
// that colour becomes. One invocation writes one word of two pixels.

struct Params {
  pixels: u32,
  colours: u32,
  flags: u32, // before any pixel
}

struct Remapped {
  flags: atomic<u32>, // 1: some alpha is 0, 2: some is neither 0 nor 255
  indices: array<u32>, // two a word
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rgba: array<u32>; // red in the low byte
@group(0) @binding(2) var<storage, read> palette: array<vec2<u32>>; // red in the low byte, and the index it becomes
@group(0) @binding(3) var<storage, read_write> remapped: Remapped;

@compute @workgroup_size(1)
fn clearFlags() {
  atomicStore(&remapped.flags, params.flags);
}

@compute @workgroup_size(64)
fn remap(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let word = linearId(group, groups, local);
  if (word * 2u >= params.pixels) {
    return;
  }
  var result = 0u;
  var flags = 0u;
  for (var i = 0u; i < 2u; i++) {
    let pixel = word * 2u + i;
    if (pixel < params.pixels) {
      let value = rgba[pixel];
      let alpha = value >> 24u;
      if (alpha == 0u) {
        flags |= 1u;
      } else {
        flags |= select(2u, 0u, alpha == 255u);
        result |= palette[nearest(value)].y << (i * 16u);
      }
    }
  }
  remapped.indices[word] = result;
  if (flags != 0u) {
    atomicOr(&remapped.flags, flags);
  }
}

fn nearest(value: u32) -> u32 {
  let own = channelsOf(value);
  var best = 0u;
  var least = 0x7fffffff;
  for (var index = 0u; index < params.colours; index++) {
    let apart = channelsOf(palette[index].x) - own;
    let squares = apart * apart;
    let distance = squares.x + squares.y + squares.z;
    if (distance < least) {
      least = distance;
      best = index;
    }
  }
  return best;
}

fn channelsOf(value: u32) -> vec3<i32> {
  return vec3<i32>(vec3<u32>(value & 0xffu, (value >> 8u) & 0xffu, (value >> 16u) & 0xffu));
}
