// The sample of a given rank under a footprint, for integers: the least value v such that more than `rank` samples
// are at most v, found bit by bit from the top by counting, so that the result is one of the samples whatever
// their order. Largest and smallest need one look. One invocation writes one word.
override MODE: u32 = 0; // 0 rank, 1 largest, 2 smallest

struct Params {
  inputWidth: i32,
  inputHeight: i32,
  outputWidth: u32,
  x: i32, // the output's first pixel in the input
  y: i32,
  samples: u32, // of the output
  members: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> members: array<vec2<i32>>; // offsets
@group(0) @binding(3) var<storage, read> ranks: array<u32>; // by the number of samples in the window
@group(0) @binding(4) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn rankFilter(
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
      let pixel = sample / CHANNELS;
      let row = pixel / params.outputWidth;
      let centre = vec2<i32>(params.x + i32(pixel - row * params.outputWidth), params.y + i32(row));
      let channel = sample % CHANNELS;
      let own = u32(centre.y * params.inputWidth + centre.x);
      var value = sampleAt(own * CHANNELS + channel);
      if (!isInvalid(own, channel)) {
        value = offNodata(ranked(centre, channel), channel);
      }
      result |= packed(value, sample);
    }
  }
  output[word] = result;
}

const ABSENT = 0xffffffffu;

/// The sample of a window's member; absent outside the input, which ends where windows are to be cut, and where it is invalid.
fn memberAt(at: vec2<i32>, channel: u32) -> u32 {
  if (at.x < 0 || at.y < 0 || at.x >= params.inputWidth || at.y >= params.inputHeight) {
    return ABSENT;
  }
  let pixel = u32(at.y * params.inputWidth + at.x);
  let value = sampleAt(pixel * CHANNELS + channel);
  return select(value, ABSENT, value == validity.nodata[channel] || isMasked(pixel));
}

fn ranked(centre: vec2<i32>, channel: u32) -> u32 {
  var count = 0u;
  var largest = 0u;
  var smallest = 0xffffu;
  for (var i = 0u; i < params.members; i++) {
    let value = memberAt(centre + members[i], channel);
    if (value != ABSENT) {
      count++;
      largest = max(largest, value);
      smallest = min(smallest, value);
    }
  }
  if (count == 0u) {
    return 0u;
  }
  if (MODE == 1u) {
    return largest;
  }
  if (MODE == 2u) {
    return smallest;
  }
  let rank = ranks[count];
  var below = 0u; // the result is at least this
  for (var bit = BYTES * 8u; bit > 0u; bit--) {
    let candidate = below | (1u << (bit - 1u));
    var less = 0u;
    for (var i = 0u; i < params.members; i++) {
      if (memberAt(centre + members[i], channel) < candidate) {
        less++;
      }
    }
    if (less <= rank) {
      below = candidate;
    }
  }
  return below;
}
