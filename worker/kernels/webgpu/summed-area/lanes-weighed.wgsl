// What a summed-area table sums where samples have weights: all three lanes are integers below 2^32.

fn laneOf(sample: u32) -> u32 {
  let pixel = sample / CHANNELS;
  let weight = weightOf(pixel, sample - pixel * CHANNELS);
  if (params.lane == 1u || weight == 0u) {
    return weight;
  }
  let value = sampleAt(sample);
  return weight * value * select(1u, value, params.lane == 2u);
}
