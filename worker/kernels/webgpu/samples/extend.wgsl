// Pixels of a window that leaves its image, from those inside: worker/kernels/reference/samples/extend-border.ts. One
// invocation writes one word.

const NEAREST = 0;
const REFLECT = 1;
const MIRROR = 2;
const CONSTANT = 3;

struct Params {
  // Window and inside in image coordinates; the image's size.
  x: i32,
  y: i32,
  width: i32,
  samples: u32, // of the window
  insideX: i32,
  insideY: i32,
  insideWidth: i32,
  imageWidth: i32,
  imageHeight: i32,
  border: i32,
  constant: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> inside: array<u32>;
@group(0) @binding(2) var<storage, read_write> window: array<u32>;

@compute @workgroup_size(64)
fn extend(
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
      result |= packed(valueAt(sample), sample);
    }
  }
  window[word] = result;
}

fn valueAt(sample: u32) -> u32 {
  let pixel = i32(sample / CHANNELS);
  let channel = sample % CHANNELS;
  let row = pixel / params.width;
  let x = extendedIndex(params.x + pixel - row * params.width, params.imageWidth);
  let y = extendedIndex(params.y + row, params.imageHeight);
  if (x < 0 || y < 0) {
    return params.constant;
  }
  let source = u32((y - params.insideY) * params.insideWidth + x - params.insideX) * CHANNELS + channel;
  return unpacked(inside[wordOf(source)], source);
}

/// Where a line of `length` samples is read for index i; -1 where the border's constant stands.
fn extendedIndex(i: i32, length: i32) -> i32 {
  if (i >= 0 && i < length) {
    return i;
  }
  if (params.border == CONSTANT) {
    return -1;
  }
  if (params.border == NEAREST || length == 1) {
    return clamp(i, 0, length - 1);
  }
  let period = select(2 * length - 2, 2 * length, params.border == REFLECT);
  let j = ((i % period) + period) % period;
  return select(period - j - select(0, 1, params.border == REFLECT), j, j < length);
}
