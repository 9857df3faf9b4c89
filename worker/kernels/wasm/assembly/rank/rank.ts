// The sample of a given rank under a footprint. Integers: a histogram slides along the row, runs of the
// footprint enter on the right and leave on the left; counts are kept for 4, 8, 12 and 16 leading bits, so that
// a rank is found in at most 16 steps a level. Floats: the window's samples as ordered integers, and quickselect.

/** One row of one channel; what stays the same for a whole tile is set by `configure`. */
let source: usize = 0;
let strideBytes: usize = 0;
let inputWidth: i32 = 0;
let inputHeight: i32 = 0;
let channels: i32 = 0;
let runs: usize = 0;
let runsEnd: usize = 0;
let histogram: usize = 0;
let percentile: f64 = 0;
let nodataValue: i32 = -1;
let count: i32 = 0;
let valid: usize = 0;
let validStride: usize = 0;

/** `validity` is the address of a byte a pixel, 0 where it is masked, or 0 where every pixel counts. */
export function configure(
  input: usize,
  stride: usize,
  width: i32,
  height: i32,
  channelCount: i32,
  runTable: usize,
  runCount: i32,
  scratch: usize,
  percent: f64,
  validity: usize,
  validityStride: usize,
): void {
  source = input;
  strideBytes = stride;
  inputWidth = width;
  inputHeight = height;
  channels = channelCount;
  runs = runTable;
  runsEnd = runTable + <usize>runCount * 12;
  histogram = scratch;
  percentile = percent;
  valid = validity;
  validStride = validityStride;
}

// @ts-ignore: decorator
@inline
function rankOf(n: i32): i32 {
  const rank = <i32>Math.floor((<f64>n * percentile) / 100);
  return rank < n - 1 ? rank : n - 1;
}

// @ts-ignore: decorator
@inline
function bump(at: usize, by: i32): void {
  store<i32>(at, load<i32>(at) + by);
}

// @ts-ignore: decorator
@inline
function change<T>(at: usize, by: i32): void {
  const value = <usize>load<T>(at);
  if (<i32>value == nodataValue) return;
  count += by;
  if (sizeof<T>() == 1) {
    bump(histogram + (value >> 4) * 4, by);
    bump(histogram + 64 + value * 4, by);
  } else {
    bump(histogram + (value >> 12) * 4, by);
    bump(histogram + 64 + (value >> 8) * 4, by);
    bump(histogram + 64 + 1024 + (value >> 4) * 4, by);
    bump(histogram + 64 + 1024 + 16384 + value * 4, by);
  }
}

// @ts-ignore: decorator
@inline
function find<T>(): u32 {
  let rank = rankOf(count);
  let prefix: usize = 0;
  let level = histogram;
  let size: usize = 16;
  for (let depth = 0; depth < (sizeof<T>() == 1 ? 2 : 4); depth++) {
    prefix <<= 4;
    let n = load<i32>(level + prefix * 4);
    while (rank >= n) {
      rank -= n;
      prefix++;
      n = load<i32>(level + prefix * 4);
    }
    level += size * 4;
    size <<= 4;
  }
  return <u32>prefix;
}

/** Adds to the counts (or takes away) all samples of the window around column x of input row y. */
// @ts-ignore: decorator
@inline
function whole<T>(x: i32, y: i32, plane: usize, by: i32, masked: bool): void {
  const step = <usize>channels * sizeof<T>();
  for (let run = runs; run < runsEnd; run += 12) {
    const row = y + load<i32>(run, 4);
    if (row < 0 || row >= inputHeight) continue;
    const from = max(0, x + load<i32>(run));
    const to = min(inputWidth, x + load<i32>(run) + load<i32>(run, 8));
    const line = plane + <usize>row * strideBytes;
    const marks = valid + <usize>row * validStride;
    for (let i = from; i < to; i++) {
      if (!masked || load<u8>(marks + i)) change<T>(line + <usize>i * step, by);
    }
  }
}

// @ts-ignore: decorator
@inline
function slide<T>(x: i32, y: i32, plane: usize, masked: bool): void {
  const step = <usize>channels * sizeof<T>();
  for (let run = runs; run < runsEnd; run += 12) {
    const row = y + load<i32>(run, 4);
    if (row < 0 || row >= inputHeight) continue;
    const line = plane + <usize>row * strideBytes;
    const left = x + load<i32>(run);
    const right = left + load<i32>(run, 8);
    const marks = valid + <usize>row * validStride;
    if (left >= 0 && left < inputWidth && (!masked || load<u8>(marks + left))) change<T>(line + <usize>left * step, -1);
    if (right >= 0 && right < inputWidth && (!masked || load<u8>(marks + right))) {
      change<T>(line + <usize>right * step, 1);
    }
  }
}

// @ts-ignore: decorator
@inline
function counted<T>(x: i32, y: i32, channel: i32, into: usize, width: i32, nodata: i32, masked: bool): void {
  nodataValue = nodata;
  count = 0;
  const plane = source + <usize>channel * sizeof<T>();
  const step = <usize>channels * sizeof<T>();
  whole<T>(x, y, plane, 1, masked);
  for (let i = 0; i < width; i++) {
    store<T>(into, count > 0 ? <T>find<T>() : 0);
    into += step;
    if (i < width - 1) slide<T>(x + i, y, plane, masked);
  }
  whole<T>(x + width - 1, y, plane, -1, masked);
}

// @ts-ignore: decorator
@inline
function countedRow<T>(x: i32, y: i32, channel: i32, into: usize, width: i32, nodata: i32): void {
  if (valid) counted<T>(x, y, channel, into, width, nodata, true);
  else counted<T>(x, y, channel, into, width, nodata, false);
}

/** `width` outputs of one channel from input column x on, around input row y; `nodata` −1 matches nothing. */
export function rankRow8(x: i32, y: i32, channel: i32, into: usize, width: i32, nodata: i32): void {
  countedRow<u8>(x, y, channel, into, width, nodata);
}

export function rankRow16(x: i32, y: i32, channel: i32, into: usize, width: i32, nodata: i32): void {
  countedRow<u16>(x, y, channel, into, width, nodata);
}

/** The order of floats as that of integers, −0 below 0; its own inverse. */
// @ts-ignore: decorator
@inline
function ordered(bits: i32): i32 {
  return bits ^ ((bits >> 31) & 0x7fffffff);
}

/** The element that sorting would put at position `rank` of `n` integers at `keys`, which are reordered. */
function select(keys: usize, n: i32, rank: i32): i32 {
  let low = 0;
  let high = n - 1;
  while (low < high) {
    const pivot = load<i32>(keys + (<usize>((low + high) >> 1) << 2));
    let i = low - 1;
    let j = high + 1;
    while (true) {
      do i++;
      while (load<i32>(keys + (<usize>i << 2)) < pivot);
      do j--;
      while (load<i32>(keys + (<usize>j << 2)) > pivot);
      if (i >= j) break;
      const a = keys + (<usize>i << 2);
      const b = keys + (<usize>j << 2);
      const held = load<i32>(a);
      store<i32>(a, load<i32>(b));
      store<i32>(b, held);
    }
    if (rank <= j) high = j;
    else low = j + 1;
  }
  return load<i32>(keys + (<usize>rank << 2));
}

export function rankRow32(x: i32, y: i32, channel: i32, into: usize, width: i32, hasNodata: i32, nodata: f32): void {
  const step = <usize>channels * 4;
  const nanIsNodata = hasNodata != 0 && nodata != nodata;
  for (let i = 0; i < width; i++) {
    let n = 0;
    let bad = false;
    for (let run = runs; run < runsEnd; run += 12) {
      const row = y + load<i32>(run, 4);
      if (row < 0 || row >= inputHeight) continue;
      const from = max(0, x + i + load<i32>(run));
      const to = min(inputWidth, x + i + load<i32>(run) + load<i32>(run, 8));
      const line = source + <usize>row * strideBytes + <usize>channel * 4;
      const marks = valid + <usize>row * validStride;
      for (let u = from; u < to; u++) {
        if (valid && !load<u8>(marks + u)) continue;
        const value = load<f32>(line + <usize>u * step);
        if (value != value) {
          if (!nanIsNodata) bad = true;
          continue;
        }
        if (hasNodata != 0 && value == nodata) continue;
        store<i32>(histogram + (<usize>n << 2), ordered(reinterpret<i32>(value)));
        n++;
      }
    }
    let result: f32 = 0;
    if (bad) result = NaN;
    else if (n > 0) result = reinterpret<f32>(ordered(select(histogram, n, rankOf(n))));
    store<f32>(into, result);
    into += step;
  }
}
