// What a summed-area table sums: the samples themselves.

@group(0) @binding(1) var<storage, read> samples: array<u32>;

fn laneOf(sample: u32) -> u32 {
  return unpacked(samples[wordOf(sample)], sample);
}
