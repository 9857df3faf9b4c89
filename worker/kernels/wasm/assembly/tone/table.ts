// Integer samples through tables with an entry for every value.

/** One table for all samples. */
export function lookup8(source: usize, into: usize, count: u32, table: usize): void {
  const whole = into + (count & ~3);
  const end = into + count;
  while (into < whole) {
    store<u8>(into, load<u8>(table + load<u8>(source)));
    store<u8>(into, load<u8>(table + load<u8>(source, 1)), 1);
    store<u8>(into, load<u8>(table + load<u8>(source, 2)), 2);
    store<u8>(into, load<u8>(table + load<u8>(source, 3)), 3);
    source += 4;
    into += 4;
  }
  while (into < end) store<u8>(into++, load<u8>(table + load<u8>(source++)));
}

/** The same by a table of two samples: entry a + 256·b holds those of a and b. */
export function lookupPairs8(source: usize, into: usize, count: u32, table: usize): void {
  const whole = into + (count & ~7);
  const end = into + count;
  while (into < whole) {
    store<u16>(into, load<u16>(table + (<usize>load<u16>(source) << 1)));
    store<u16>(into, load<u16>(table + (<usize>load<u16>(source, 2) << 1)), 2);
    store<u16>(into, load<u16>(table + (<usize>load<u16>(source, 4) << 1)), 4);
    store<u16>(into, load<u16>(table + (<usize>load<u16>(source, 6) << 1)), 6);
    source += 8;
    into += 8;
  }
  // The lower byte of an entry is that of its first sample.
  while (into < end) store<u8>(into++, load<u8>(table + (<usize>load<u8>(source++) << 1)));
}

/** What a table of one step looks up: `low` below `from`, `high` from there on. */
export function step8(source: usize, into: usize, count: u32, from: u32, low: u32, high: u32): void {
  const least = i8x16.splat(<i8>from);
  const lows = i8x16.splat(<i8>low);
  const highs = i8x16.splat(<i8>high);
  const whole = into + (count & ~15);
  const end = into + count;
  while (into < whole) {
    v128.store(into, v128.bitselect(highs, lows, i8x16.ge_u(v128.load(source), least)));
    source += 16;
    into += 16;
  }
  while (into < end) store<u8>(into++, <u8>(<u32>load<u8>(source++) >= from ? high : low));
}

export function lookup16(source: usize, into: usize, count: u32, table: usize): void {
  const end = into + count * 2;
  while (into < end) {
    store<u16>(into, load<u16>(table + (<usize>load<u16>(source) << 1)));
    source += 2;
    into += 2;
  }
}

/** A table for each channel, one behind the other. */
export function lookupChannels8(source: usize, into: usize, pixels: u32, tables: usize, channels: u32): void {
  const end = into + pixels * channels;
  while (into < end) {
    for (let c: u32 = 0; c < channels; c++) {
      store<u8>(into++, load<u8>(tables + (c << 8) + load<u8>(source++)));
    }
  }
}

export function lookupChannels16(source: usize, into: usize, pixels: u32, tables: usize, channels: u32): void {
  const end = into + pixels * channels * 2;
  while (into < end) {
    for (let c: u32 = 0; c < channels; c++) {
      store<u16>(into, load<u16>(tables + (c << 17) + (<usize>load<u16>(source) << 1)));
      source += 2;
      into += 2;
    }
  }
}
