import { fromErrorRecord, HalotileError } from '../../../tiling/errors.js';
import { area, describeRect } from '../../../tiling/geometry/rect.js';
import { customParams } from '../../../tiling/operations/custom.js';
import type { Operation } from '../../../tiling/operations/index.js';
import { SAMPLE_BYTES, viewSamples } from '../../../tiling/raster/dtype.js';
import type { KernelContext, TileRaster } from '../kernel.js';
import { KernelChild, type KernelMemory } from './kernel-child.js';
import type { ModuleTile } from './messages.js';

/** Node and its threads write to 96 MiB before the first tile; the rest is for compiled code and what a tile needs. */
const BASE_BYTES = 192 * 2 ** 20;
/** Copies of a tile's pixels on their way in and out. */
const COPIES = 4;
/** Objects of the engine, and what each member of a footprint takes of them. */
const HEAP_BYTES = 64 * 2 ** 20;
const MEMBER_BYTES = 128;
const PAGE_BYTES = 65_536;
/** Processes that wait for a tile of their module, and for how long. */
const MAX_IDLE = 4;
const IDLE_MS = 10_000;

/** Tells that nobody waits for a tile any more. */
export interface EndSignal {
  /** Calls `stop` at the end, at once where it has come; the result takes that back. */
  onEnd(stop: () => void): () => void;
}

interface Idle {
  readonly child: KernelChild;
  /** Of the one module that it has seen. */
  readonly hash: string;
  readonly timer: NodeJS.Timeout;
}

const idle: Idle[] = [];

/**
 * A user's kernel over one tile, in a process of its own that holds the tile's pixels, the module and nothing else:
 * its end is the kernel's failure. A process sees one module only, and serves further tiles of it.
 * @param end ends the process where the job is over before the tile
 * @throws kernel-failed where the kernel traps, takes longer than `limitMs` or more memory than it may, or breaks
 *   its process; interrupted at the job's end
 */
export async function runApart(
  input: TileRaster,
  output: TileRaster,
  operation: Operation,
  context: KernelContext,
  end?: EndSignal,
): Promise<void> {
  const { limitMs, hash, code, module } = customParams(operation);
  const { code: _, ...params } = operation.params;
  const { rect, dtype, channels } = output;
  const tile: ModuleTile = {
    input: dense(input),
    output: { rect, dtype, channels },
    operation: { ...operation, params },
    context,
  };
  const { child, known } = take(hash, memoryFor(tile, operation));
  const bytes = known ? undefined : Buffer.from(code, 'base64');
  let forget: (() => void) | undefined;
  const outcome = await child.ask(
    { kind: 'run', code: bytes, tile },
    {
      limitMs,
      onStop: (stop) => {
        forget?.();
        forget = stop && end?.onEnd(stop);
      },
    },
  );
  const place = { file: module, where: `at ${describeRect(rect)}` };
  const failed = (what: string, remedy: string) => new HalotileError('kernel-failed', { what, ...place, remedy });
  switch (outcome.kind) {
    case 'late':
      throw failed(`the kernel took longer than ${limitMs} ms`, 'look for an endless loop, or raise limitMs');
    case 'gone':
      throw failed(
        `the kernel ended its process (${outcome.how})`,
        `see docs/kernel-abi.md for what a kernel may do within ${child.memoryBytes >> 20} MiB`,
      );
    case 'stopped':
      throw new HalotileError('interrupted', { what: 'the job is over', ...place });
  }
  keep(child, hash);
  const { answer } = outcome;
  if (answer.kind === 'error') throw fromErrorRecord(answer.error);
  if (answer.kind !== 'tile') throw failed(`the kernel's process answered '${answer.kind}'`, 'run the job again');
  const stride = rect.width * channels;
  const length = stride * rect.height;
  if (answer.samples.length !== length * SAMPLE_BYTES[dtype])
    throw failed('the kernel gave another tile', 'run it again');
  const samples = viewSamples(dtype, answer.samples.slice().buffer, 0, length);
  copyRows({ ...output, stride, samples }, output);
}

function memoryFor({ input, output }: ModuleTile, operation: Operation): KernelMemory {
  const { shape, memberWeights } = customParams(operation);
  const heapBytes = HEAP_BYTES + memberWeights.length * MEMBER_BYTES;
  const bytesIn = area(input.rect) * (input.channels * SAMPLE_BYTES[input.dtype] + 1);
  const bytesOut = area(output.rect) * output.channels * SAMPLE_BYTES[output.dtype];
  const pixelBytes = COPIES * (bytesIn + bytesOut);
  return { memoryBytes: BASE_BYTES + shape.maximumPages * PAGE_BYTES + pixelBytes + 2 * heapBytes, heapBytes };
}

/** A process for a module, idle or new. */
function take(hash: string, memory: KernelMemory): { readonly child: KernelChild; readonly known: boolean } {
  const at = idle.findIndex((one) => one.hash === hash && one.child.memoryBytes >= memory.memoryBytes);
  if (at >= 0) {
    const [{ child, timer }] = idle.splice(at, 1) as [Idle];
    clearTimeout(timer);
    if (!child.isGone) return { child, known: true };
  }
  return { child: new KernelChild(memory), known: false };
}

function keep(child: KernelChild, hash: string): void {
  const drop = (one: Idle) => {
    clearTimeout(one.timer);
    idle.splice(idle.indexOf(one), 1);
    one.child.close();
  };
  const kept: Idle = { child, hash, timer: setTimeout(() => drop(kept), IDLE_MS).unref() };
  idle.push(kept);
  if (idle.length > MAX_IDLE) drop(idle[0]!);
}

/** A raster with dense rows that crosses with nothing around it. */
function dense(raster: TileRaster): TileRaster {
  const { rect, dtype, channels, stride, valid } = raster;
  const rowLength = rect.width * channels;
  const length = rowLength * rect.height;
  const { samples } = raster;
  const copy = {
    ...{ rect, dtype, channels, stride: rowLength },
    samples: viewSamples(dtype, new ArrayBuffer(length * SAMPLE_BYTES[dtype]), 0, length),
  };
  if (stride === rowLength) copy.samples.set(samples.subarray(0, length));
  else copyRows(raster, copy);
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
