import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { type ErrorRecord, fromErrorRecord, HalotileError } from '../../../tiling/errors.js';
import { describeRect } from '../../../tiling/geometry/rect.js';
import { customParams } from '../../../tiling/operations/custom.js';
import type { Operation } from '../../../tiling/operations/index.js';
import { viewSamples } from '../../../tiling/raster/dtype.js';
import type { Kernel, KernelContext, TileRaster } from '../kernel.js';

/** One tile for the kernel thread; samples lie in shared memory. */
export interface CustomTask {
  readonly input: TileRaster;
  readonly output: TileRaster;
  readonly operation: Operation;
  readonly context: KernelContext;
  /** Becomes 1 when the tile is done. */
  readonly signal: Int32Array;
  /** Gets an {@link ErrorRecord}, or nothing, before that. */
  readonly reply: MessagePort;
}

/** Starting a thread takes this long at most on a busy machine; it is added to a first tile's limit. */
const START_MS = 20_000;

let thread: Worker | undefined;

/**
 * The user's kernel in a thread beside this one, which waits for it: JavaScript cannot interrupt a WebAssembly
 * call, but it can end its thread. One such thread serves all tiles of the calling thread.
 * @throws tile-failed where the kernel traps, or takes longer than `limitMs` for a tile
 */
export const custom: Kernel = (input, output, operation, context) => {
  const { limitMs, module } = customParams(operation);
  const fresh = thread === undefined;
  thread ??= startThread();
  const channel = new MessageChannel();
  const signal = new Int32Array(new SharedArrayBuffer(4));
  const result = shared(output, false);
  const task: CustomTask = {
    input: shared(input, true),
    output: result,
    operation,
    context,
    signal,
    reply: channel.port2,
  };
  thread.postMessage(task, [channel.port2]);
  const outcome = Atomics.wait(signal, 0, 0, fresh ? limitMs + START_MS : limitMs);
  const message = receiveMessageOnPort(channel.port1) as { message: ErrorRecord | undefined } | undefined;
  channel.port1.close();
  if (outcome === 'timed-out') {
    void thread.terminate();
    thread = undefined;
    throw new HalotileError('tile-failed', {
      what: `the kernel took longer than ${limitMs} ms`,
      where: `${module} at ${describeRect(output.rect)}`,
      remedy: 'look for an endless loop, or raise limitMs',
    });
  }
  if (message?.message !== undefined) throw fromErrorRecord(message.message);
  copyRows(result, output);
};

function startThread(): Worker {
  const worker = new Worker(new URL('./kernel-thread.js', import.meta.url), { stdin: false });
  // A waiting kernel thread must not keep a finished program alive.
  worker.unref();
  return worker;
}

/** A raster with dense rows in shared memory, with or without the samples. */
function shared(raster: TileRaster, filled: boolean): TileRaster {
  const { rect, dtype, channels, valid } = raster;
  const stride = rect.width * channels;
  const length = stride * rect.height;
  const samples = viewSamples(dtype, new SharedArrayBuffer(length * raster.samples.BYTES_PER_ELEMENT), 0, length);
  const copy = { rect, dtype, channels, stride, samples };
  if (!filled) return copy;
  copyRows(raster, copy);
  return valid === undefined ? copy : { ...copy, valid: denseValidity(raster, valid) };
}

function denseValidity({ rect, stride, channels }: TileRaster, valid: Uint8Array): Uint8Array {
  const dense = new Uint8Array(rect.width * rect.height);
  for (let row = 0; row < rect.height; row++) {
    const from = (row * stride) / channels;
    dense.set(valid.subarray(from, from + rect.width), row * rect.width);
  }
  return dense;
}

function copyRows(from: TileRaster, to: TileRaster): void {
  const length = from.rect.width * from.channels;
  for (let row = 0; row < from.rect.height; row++) {
    to.samples.set(from.samples.subarray(row * from.stride, row * from.stride + length), row * to.stride);
  }
}
