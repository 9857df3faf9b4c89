// A smaller image: the sample that the centre of an output pixel falls into, or the mean of what the pixel covers,
// weighted by overlaps in units of 1/output pixel, which are whole numbers: worker/kernels/reference/downscale.ts. One
// invocation computes four pixels.

struct Params {
  inputWidth: u32,
  outputWidth: u32,
  outputPixels: u32,
  nearest: u32,
  fullColumn: u32, // the overlap of a column that lies wholly under an output pixel
  fullRow: u32,
}

/// What an output column or row covers.
struct Span {
  start: u32, // in the input's raster
  count: u32,
  first: u32, // overlaps of the outermost; those between are full
  last: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> spans: array<Span>; // columns of the output, then rows
@group(0) @binding(3) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn downscale(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let four = linearId(group, groups, local);
  if (four * 4u >= params.outputPixels) {
    return;
  }
  var words: array<u32, 8>;
  for (var i = 0u; i < 4u; i++) {
    let pixel = four * 4u + i;
    if (pixel < params.outputPixels) {
      let row = pixel / params.outputWidth;
      let columns = spans[pixel - row * params.outputWidth];
      let rows = spans[params.outputWidth + row];
      for (var channel = 0u; channel < CHANNELS; channel++) {
        var result: u32;
        if (params.nearest == 1u) {
          result = sampleAt((rows.start * params.inputWidth + columns.start) * CHANNELS + channel);
        } else {
          result = areaMean(columns, rows, channel);
        }
        let sample = i * CHANNELS + channel;
        words[wordOf(sample)] |= packed(result, sample);
      }
    }
  }
  let perFour = CHANNELS * BYTES;
  for (var word = 0u; word < perFour; word++) {
    output[four * perFour + word] = words[word];
  }
}

fn areaMean(columns: Span, rows: Span, channel: u32) -> u32 {
  var value = sumOf(0u);
  var weight = sumOf(0u);
  var empty = true;
  for (var v = 0u; v < rows.count; v++) {
    var rowValue = sumOf(0u);
    var rowWeight = sumOf(0u);
    for (var u = 0u; u < columns.count; u++) {
      let pixel = (rows.start + v) * params.inputWidth + columns.start + u;
      empty = empty && isInvalid(pixel, channel);
      let own = weightOf(pixel, channel);
      let overlap = overlapAt(columns, u, params.fullColumn);
      rowValue = added(rowValue, product(own * sampleAt(pixel * CHANNELS + channel), overlap));
      rowWeight = added(rowWeight, product(own, overlap));
    }
    let overlap = overlapAt(rows, v, params.fullRow);
    value = added(value, productBy(rowValue, overlap));
    weight = added(weight, productBy(rowWeight, overlap));
  }
  if (empty) {
    return validity.nodata[channel];
  }
  if (isZero(weight)) {
    return offNodata(0u, channel);
  }
  return offNodata(roundedQuotient(value, weight), channel);
}

fn overlapAt(span: Span, index: u32, full: u32) -> u32 {
  if (index == 0u) {
    return span.first;
  }
  return select(full, span.last, index == span.count - 1u);
}
