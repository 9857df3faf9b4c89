// The summed-area table, inclusive, of an image of `width`×`height` pixels: entry (x, y, channel) is the sum of
// what `laneOf` makes of all samples of that channel at or above and at or left of it. Every entry is written once: blocks of
// ROWS×COLUMNS pixels first hand on their row and column totals, small scans turn those into what lies left of
// and above each block, and the last pass adds both while it sums within the block. The bytes moved are the
// samples twice, the table once, and about a tenth of the table for the scans.

const ROWS = 16u;
const COLUMNS = 32u;
const THREADS = 128u;
// One more than a block's widest row: columns of it then lie in different banks of workgroup memory.
const STRIDE = 129u;

struct Params {
  width: u32,
  height: u32,
  strips: u32, // blocks down
  chunks: u32, // blocks across
  lane: u32,   // 0 weighted samples, 1 weights, 2 weighted squares; unused where there are no weights
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> columnTotals: array<Sum>; // strip, then column and channel
@group(0) @binding(3) var<storage, read_write> rowTotals: array<Sum>;    // row, then chunk and channel
@group(0) @binding(4) var<storage, read_write> above: array<Sum>;        // as columnTotals: sums of the strips above
@group(0) @binding(5) var<storage, read_write> left: array<Sum>;         // as rowTotals: sums of rows and chunks
@group(0) @binding(6) var<storage, read_write> table: array<Sum>;

var<workgroup> block: array<Sum, ROWS * STRIDE>;

/// Samples of the block into workgroup memory, 0 beyond the image. Channels of a pixel lie side by side: lanes.
fn loadBlock(strip: u32, chunk: u32, thread: u32) {
  let lanes = COLUMNS * CHANNELS;
  let rowLanes = params.width * CHANNELS;
  for (var i = thread; i < ROWS * lanes; i += THREADS) {
    let row = i / lanes;
    let lane = i - row * lanes;
    let y = strip * ROWS + row;
    let x = chunk * lanes + lane;
    var value = 0u;
    if (y < params.height && x < rowLanes) {
      let sample = y * rowLanes + x;
      value = laneOf(sample);
    }
    block[row * STRIDE + lane] = sumOf(value);
  }
}

@compute @workgroup_size(128)
fn blockTotals(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let chunk = group.x;
  let strip = group.y;
  loadBlock(strip, chunk, thread);
  workgroupBarrier();
  let lanes = COLUMNS * CHANNELS;
  let rowLanes = params.width * CHANNELS;
  let lane = chunk * lanes + thread;
  if (thread < lanes && lane < rowLanes) {
    var total = sumOf(0u);
    for (var row = 0u; row < ROWS; row++) {
      total = added(total, block[row * STRIDE + thread]);
    }
    columnTotals[strip * rowLanes + lane] = total;
  }
  let row = thread / CHANNELS;
  let y = strip * ROWS + row;
  if (row < ROWS && y < params.height) {
    let channel = thread - row * CHANNELS;
    var total = sumOf(0u);
    for (var column = 0u; column < COLUMNS; column++) {
      total = added(total, block[row * STRIDE + column * CHANNELS + channel]);
    }
    rowTotals[(y * params.chunks + chunk) * CHANNELS + channel] = total;
  }
}

/// One thread a column and channel: what lies above each strip.
@compute @workgroup_size(64)
fn scanStrips(@builtin(global_invocation_id) id: vec3<u32>) {
  let rowLanes = params.width * CHANNELS;
  if (id.x >= rowLanes) {
    return;
  }
  var total = sumOf(0u);
  for (var strip = 0u; strip < params.strips; strip++) {
    let at = strip * rowLanes + id.x;
    above[at] = total;
    total = added(total, columnTotals[at]);
  }
}

/// One thread a row and channel: what lies left of each chunk, in this row alone.
@compute @workgroup_size(64)
fn scanChunks(@builtin(global_invocation_id) id: vec3<u32>) {
  let y = id.x / CHANNELS;
  if (y >= params.height) {
    return;
  }
  let channel = id.x - y * CHANNELS;
  var total = sumOf(0u);
  for (var chunk = 0u; chunk < params.chunks; chunk++) {
    let at = (y * params.chunks + chunk) * CHANNELS + channel;
    left[at] = total;
    total = added(total, rowTotals[at]);
  }
}

var<workgroup> segments: array<Sum, 256>;

/// One workgroup a chunk and channel: adds up all rows above, in place, so that `left` covers them too.
@compute @workgroup_size(256)
fn scanRows(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let stride = params.chunks * CHANNELS;
  let share = (params.height + 255u) / 256u;
  let first = min(thread * share, params.height);
  let end = min(first + share, params.height);
  var total = sumOf(0u);
  for (var y = first; y < end; y++) {
    total = added(total, left[y * stride + group.x]);
  }
  segments[thread] = total;
  workgroupBarrier();
  for (var reach = 1u; reach < 256u; reach *= 2u) {
    var sum = segments[thread];
    if (thread >= reach) {
      sum = added(sum, segments[thread - reach]);
    }
    workgroupBarrier();
    segments[thread] = sum;
    workgroupBarrier();
  }
  var running = subtracted(segments[thread], total);
  for (var y = first; y < end; y++) {
    running = added(running, left[y * stride + group.x]);
    left[y * stride + group.x] = running;
  }
}

@compute @workgroup_size(128)
fn fillTable(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let chunk = group.x;
  let strip = group.y;
  loadBlock(strip, chunk, thread);
  workgroupBarrier();
  let lanes = COLUMNS * CHANNELS;
  let rowLanes = params.width * CHANNELS;
  let lane = chunk * lanes + thread;
  if (thread < lanes && lane < rowLanes) {
    var running = above[strip * rowLanes + lane];
    for (var row = 0u; row < ROWS; row++) {
      running = added(running, block[row * STRIDE + thread]);
      block[row * STRIDE + thread] = running;
    }
  }
  workgroupBarrier();
  let row = thread / CHANNELS;
  let y = strip * ROWS + row;
  if (row < ROWS && y < params.height) {
    let channel = thread - row * CHANNELS;
    var running = left[(y * params.chunks + chunk) * CHANNELS + channel];
    for (var column = 0u; column < COLUMNS; column++) {
      let at = row * STRIDE + column * CHANNELS + channel;
      running = added(running, block[at]);
      block[at] = running;
    }
  }
  workgroupBarrier();
  for (var i = thread; i < ROWS * lanes; i += THREADS) {
    let tableRow = i / lanes;
    let tableLane = i - tableRow * lanes;
    let tableY = strip * ROWS + tableRow;
    let tableX = chunk * lanes + tableLane;
    if (tableY < params.height && tableX < rowLanes) {
      table[tableY * rowLanes + tableX] = block[tableRow * STRIDE + tableLane];
    }
  }
}
