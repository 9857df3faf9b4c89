import { HalotileError } from '../../../tiling/errors.js';
import { describeRect } from '../../../tiling/geometry/rect.js';
import { type CustomParams, customFootprint, customParams } from '../../../tiling/operations/custom.js';
import { memberOffsets } from '../../../tiling/operations/footprint/runs.js';
import type { Operation } from '../../../tiling/operations/index.js';
import { toSample } from '../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { avoidNodata } from '../reference/samples/nodata.js';
import { fillSamples, invalidSamplesOf, nodataOf, sampleIndex } from '../reference/samples/pixels.js';

type Export = (...args: number[]) => number;

/** A module as one tile uses it; made anew for every tile, so that none sees what another left behind. */
interface Running {
  readonly memory: WebAssembly.Memory;
  readonly call: Export;
  /** The address of a buffer of that many bytes inside the module. */
  readonly buffer: (bytes: number) => number;
}

/**
 * Fills a tile through the user's module, in this thread, which an endless loop then holds for ever. A trap becomes
 * `kernel-failed` with its message; a NaN result is stored as the one quiet NaN.
 * @param module compiled from the operation's code
 */
export function runModule(
  module: WebAssembly.Module,
  tile: { readonly input: TileRaster; readonly output: TileRaster },
  operation: Operation,
  context: KernelContext,
): void {
  const params = customParams(operation);
  const fail = (what: string, cause?: unknown) =>
    new HalotileError(
      'kernel-failed',
      { what, file: params.module, where: `at ${describeRect(tile.output.rect)}` },
      { cause },
    );
  try {
    const running = start(module, params, fail);
    if (params.shape.form === 'row') runRows(running, tile, operation, context);
    else runPixels(running, tile, operation, context);
  } catch (cause) {
    if (cause instanceof HalotileError) throw cause;
    throw fail(`the kernel trapped: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function start(module: WebAssembly.Module, params: CustomParams, fail: (what: string) => HalotileError): Running {
  const { shape } = params;
  const own = new WebAssembly.Memory({ initial: shape.initialPages, maximum: shape.maximumPages });
  const { exports } = new WebAssembly.Instance(module, shape.memory === 'imported' ? { env: { memory: own } } : {});
  const memory = shape.memory === 'imported' ? own : (exports.memory as WebAssembly.Memory);
  const buffer = (bytes: number) => {
    const address = (exports.halotile_buffer as Export)(bytes) >>> 0;
    if (address === 0 || address % 8 !== 0 || address + bytes > memory.buffer.byteLength) {
      throw fail(
        `halotile_buffer gave ${address} for ${bytes} bytes; expected an address of 8-byte alignment inside the memory`,
      );
    }
    return address;
  };
  return { memory, buffer, call: exports[`halotile_${shape.form}`] as Export };
}

function runPixels(
  { memory, call, buffer }: Running,
  { input, output }: { readonly input: TileRaster; readonly output: TileRaster },
  operation: Operation,
  context: KernelContext,
): void {
  const { data, memberWeights } = customParams(operation);
  const offsets = memberOffsets(customFootprint(operation));
  const members = offsets.length;
  const address = buffer((2 * members + data.length) * 8);
  const values = viewed(memory, (bytes) => new Float64Array(bytes, address, 2 * members + data.length));
  values().set(data, 2 * members);
  const isInvalid = invalidSamplesOf(input, context);
  const { rect, channels, samples } = input;
  fillSamples(input, output, context, (x, y, c) => {
    let count = 0;
    const into = values();
    for (let k = 0; k < members; k++) {
      const { dx, dy } = offsets[k]!;
      const column = x + dx - rect.x;
      const row = y + dy - rect.y;
      if (column < 0 || row < 0 || column >= rect.width || row >= rect.height) continue;
      const pixel = row * input.stride + column * channels;
      if (isInvalid(pixel, c)) continue;
      into[count] = samples[pixel + c]!;
      into[members + count++] = memberWeights[k]!;
    }
    const { width, height } = context.image;
    const weights = address + members * 8;
    return canonical(call(address, weights, count, address + members * 16, data.length, x, y, width, height, c));
  });
}

/**
 * Row form. The rows of a window lie behind one another in a buffer of twice their number: each input row is
 * written at two places, so that every window is contiguous and offsets stay the same.
 */
function runRows(
  { memory, call, buffer }: Running,
  { input, output }: { readonly input: TileRaster; readonly output: TileRaster },
  operation: Operation,
  context: KernelContext,
): void {
  const { data, memberWeights } = customParams(operation);
  const footprint = customFootprint(operation);
  const { left, top } = footprint.reach;
  const { rect, channels } = output;
  const lineLength = rect.width + footprint.width - 1;
  const lines = 2 * footprint.height;
  const members = memberWeights.length;
  const doubles = rect.width + members + data.length;
  const address = buffer(doubles * 8 + (lines * lineLength + members) * 4);
  const weightsAt = address + rect.width * 8;
  const dataAt = weightsAt + members * 8;
  const offsetsAt = dataAt + data.length * 8;
  const windowAt = offsetsAt + members * 4;
  new Float64Array(memory.buffer, weightsAt, members + data.length).set([...memberWeights, ...data]);
  const offsets = memberOffsets(customFootprint(operation)).map(({ dx, dy }) => dy * lineLength + dx);
  new Int32Array(memory.buffer, offsetsAt, members).set(offsets);
  const results = viewed(memory, (bytes) => new Float64Array(bytes, address, rect.width));
  const window = viewed(memory, (bytes) => new Float32Array(bytes, windowAt, lines * lineLength));
  const isInvalid = invalidSamplesOf(input, context);
  const { width, height } = context.image;
  for (let c = 0; c < channels; c++) {
    const store = rowStore(input, output, context, c);
    const place = (y: number) => {
      const line = modulo(y, footprint.height) * lineLength;
      const into = window();
      copyLine(input, { y, x: rect.x - left, channel: c, isInvalid }, into.subarray(line, line + lineLength));
      into.copyWithin(line + footprint.height * lineLength, line, line + lineLength);
    };
    for (let y = rect.y - top; y < rect.y - top + footprint.height - 1; y++) place(y);
    for (let y = rect.y; y < rect.y + rect.height; y++) {
      place(y - top + footprint.height - 1);
      const first = (modulo(y - top, footprint.height) + top) * lineLength + left;
      call(
        ...[windowAt + first * 4, offsetsAt, weightsAt, members, address, rect.width, dataAt, data.length],
        ...[rect.x, y, width, height, c],
      );
      store(y, results());
    }
  }
}

/** Stores a row of results of one channel, as {@link fillSamples} would. */
function rowStore(
  input: TileRaster,
  output: TileRaster,
  context: KernelContext,
  channel: number,
): (y: number, results: Float64Array) => void {
  const nodata = nodataOf(input, context)[channel]!;
  const isInvalid = invalidSamplesOf(input, context);
  const { rect, channels, dtype, samples } = output;
  return (y, results) => {
    let from = sampleIndex(input, rect.x, y);
    let to = sampleIndex(output, rect.x, y) + channel;
    for (let i = 0; i < rect.width; i++, from += channels, to += channels) {
      samples[to] = isInvalid(from, channel)
        ? toSample(dtype, input.samples[from + channel]!)
        : avoidNodata(dtype, toSample(dtype, canonical(results[i]!)), nodata);
    }
  };
}

/** A view of a memory that is made anew when the module has grown it, which detaches the one before. */
function viewed<T>(memory: WebAssembly.Memory, make: (buffer: ArrayBuffer) => T): () => T {
  let { buffer } = memory;
  let view = make(buffer);
  return () => {
    if (memory.buffer !== buffer) {
      buffer = memory.buffer;
      view = make(buffer);
    }
    return view;
  };
}

/** One line of a window as float32: NaN for invalid samples and for what the input does not hold. */
function copyLine(
  input: TileRaster,
  from: {
    readonly x: number;
    readonly y: number;
    readonly channel: number;
    readonly isInvalid: ReturnType<typeof invalidSamplesOf>;
  },
  into: Float32Array,
): void {
  const { rect, channels, samples } = input;
  into.fill(Number.NaN);
  if (from.y < rect.y || from.y >= rect.y + rect.height) return;
  const first = Math.max(from.x, rect.x);
  const last = Math.min(from.x + into.length, rect.x + rect.width);
  let at = sampleIndex(input, first, from.y);
  for (let x = first; x < last; x++, at += channels) {
    if (!from.isInvalid(at, from.channel)) into[x - from.x] = samples[at + from.channel]!;
  }
}

function canonical(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}
