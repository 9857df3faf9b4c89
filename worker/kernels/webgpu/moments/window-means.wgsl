// Weighted means over windows that are rectangles or made of some: Σ(w·s) / Σw from two summed-area tables, rounded
// half up in integers; where all weights are 0 a sample stays what it is. One invocation computes four pixels, which fill whole words of the
// output whatever the number of channels.

struct Params {
  inputWidth: u32,
  inputHeight: u32,
  outputWidth: u32,
  outputPixels: u32,
  x: u32, // the output's first pixel in the input
  y: u32,
  rectangles: u32, // in a footprint; 0 where `windows` holds radii
  weighed: u32, // 0 where every sample weighs 1: counts follow from the rectangles
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> values: array<Sum>;
@group(0) @binding(3) var<storage, read> weights: array<Sum>;
@group(0) @binding(5) var<storage, read_write> output: array<u32>;

@compute @workgroup_size(64)
fn windowMeans(
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
      let x = params.x + pixel - row * params.outputWidth;
      let y = params.y + row;
      let own = y * params.inputWidth + x;
      for (var channel = 0u; channel < CHANNELS; channel++) {
        var result = sampleAt(own * CHANNELS + channel);
        if (!isInvalid(own, channel)) {
          result = offNodata(mean(x, y, pixel, channel, result), channel);
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

fn mean(x: u32, y: u32, pixel: u32, channel: u32, own: u32) -> u32 {
  var value = sumOf(0u);
  var weight = sumOf(0u);
  for (var i = 0u; i < max(params.rectangles, 1u); i++) {
    var window: Window;
    if (params.rectangles == 0u) {
      window = squareAt(i32(x), i32(y), pixel, params.inputWidth, params.inputHeight);
    } else {
      window = rectangleAt(i32(x), i32(y), i, params.inputWidth, params.inputHeight);
    }
    value = added(value, valuesIn(window, channel));
    if (params.weighed == 1u) {
      weight = added(weight, weightsIn(window, channel));
    } else {
      weight = added(weight, sumOf(pixelsOf(window)));
    }
  }
  if (isZero(weight)) {
    return own;
  }
  return roundedQuotient(value, weight);
}

fn valuesIn(window: Window, channel: u32) -> Sum {
  var sum = valueAt(window.x1, window.y1, channel);
  sum = subtracted(sum, valueAt(window.x0, window.y1, channel));
  sum = subtracted(sum, valueAt(window.x1, window.y0, channel));
  return added(sum, valueAt(window.x0, window.y0, channel));
}

/// The weighted sum of all samples above y and left of x.
fn valueAt(x: u32, y: u32, channel: u32) -> Sum {
  if (x == 0u || y == 0u) {
    return sumOf(0u);
  }
  return values[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}

fn weightsIn(window: Window, channel: u32) -> Sum {
  var sum = weightAt(window.x1, window.y1, channel);
  sum = subtracted(sum, weightAt(window.x0, window.y1, channel));
  sum = subtracted(sum, weightAt(window.x1, window.y0, channel));
  return added(sum, weightAt(window.x0, window.y0, channel));
}

fn weightAt(x: u32, y: u32, channel: u32) -> Sum {
  if (x == 0u || y == 0u) {
    return sumOf(0u);
  }
  return weights[((y - 1u) * params.inputWidth + x - 1u) * CHANNELS + channel];
}
