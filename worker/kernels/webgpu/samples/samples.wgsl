// Samples as they lie in memory: little-endian bytes, 16-bit words or floats, dense, packed into 32-bit words. Floats
// are handled as their bits.
override CHANNELS: u32 = 1;
override BYTES: u32 = 1; // of one sample: 1, 2 or 4

fn unpacked(word: u32, sample: u32) -> u32 {
  if (BYTES == 1) {
    return (word >> ((sample & 3u) * 8u)) & 0xffu;
  }
  if (BYTES == 2) {
    return (word >> ((sample & 1u) * 16u)) & 0xffffu;
  }
  return word;
}

/// The word that holds a sample.
fn wordOf(sample: u32) -> u32 {
  if (BYTES == 4) {
    return sample;
  }
  return select(sample >> 1u, sample >> 2u, BYTES == 1u);
}

/// A sample moved to its place in its word; words are put together by `or`.
fn packed(value: u32, sample: u32) -> u32 {
  if (BYTES == 1) {
    return value << ((sample & 3u) * 8u);
  }
  if (BYTES == 2) {
    return value << ((sample & 1u) * 16u);
  }
  return value;
}

/// One number for each invocation of a dispatch that may be two-dimensional only because of its size.
fn linearId(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + local;
}
