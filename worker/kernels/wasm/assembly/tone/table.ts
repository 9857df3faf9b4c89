// Integer samples through tables with an entry for every value.

/** One table for all samples. */
export function lookup8(source: usize, into: usize, count: u32, table: usize): void {
  const whole = into + (count & ~7);
  const end = into + count;
  while (into < whole) {
    const eight = load<u64>(source);
    let result: u64 = load<u8>(table + <usize>(eight & 255));
    result |= (<u64>load<u8>(table + <usize>((eight >> 8) & 255))) << 8;
    result |= (<u64>load<u8>(table + <usize>((eight >> 16) & 255))) << 16;
    result |= (<u64>load<u8>(table + <usize>((eight >> 24) & 255))) << 24;
    result |= (<u64>load<u8>(table + <usize>((eight >> 32) & 255))) << 32;
    result |= (<u64>load<u8>(table + <usize>((eight >> 40) & 255))) << 40;
    result |= (<u64>load<u8>(table + <usize>((eight >> 48) & 255))) << 48;
    result |= (<u64>load<u8>(table + <usize>(eight >> 56))) << 56;
    store<u64>(into, result);
    source += 8;
    into += 8;
  }
  while (into < end) store<u8>(into++, load<u8>(table + load<u8>(source++)));
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
