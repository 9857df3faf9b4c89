import type { PixelKernels } from '../../pixel-kernels.js';
import type { WasmArena } from '../memory/arena.js';
import { instantiate } from '../memory/instance.js';

/** Bytes that share one set of Huffman codes: fewer adapt better, and cost more tables. */
const SEGMENT_BYTES = 128 << 10;
/** What assembly/pixels/deflate-runs.ts asks for. */
const SCRATCH_BYTES = (96 << 10) + 2 * SEGMENT_BYTES;
const ENCODED_BYTES = 512 + 2 * SEGMENT_BYTES;
/** The farthest that deflate reaches, in bytes. */
const MAX_DISTANCE = 32 << 10;
/** A window of 32 KiB, the fastest level (RFC 1950). */
const ZLIB_HEADER = Uint8Array.of(0x78, 0x01);

/** Runs and small differences in WebAssembly: the module is compiled when the first block asks for it. */
export function wasmDeflateRuns(arena: WasmArena): PixelKernels['deflateRuns'] {
  const scratch = arena.reserve(SCRATCH_BYTES);
  const encoded = arena.reserve(ENCODED_BYTES);
  let compiled: ReturnType<typeof compile> | undefined;

  return (bytes, rowBytes) => {
    compiled ??= compile(arena);
    const first = arena.addressOf(bytes);
    const end = first + bytes.length;
    const pieces: Uint8Array[] = [ZLIB_HEADER];
    const row = rowBytes > MAX_DISTANCE || rowBytes < 2 ? 0 : rowBytes;
    compiled.begin(scratch);
    for (let start = first; start < end; start += SEGMENT_BYTES) {
      const next = Math.min(end, start + SEGMENT_BYTES);
      const length = compiled.encodeSegment(first, start, next, row, encoded, next === end ? 1 : 0);
      pieces.push(new Uint8Array(arena.memory.buffer, encoded, length).slice());
    }
    const checksum = Buffer.alloc(4);
    checksum.writeInt32BE(compiled.adler32(first, bytes.length));
    return Buffer.concat([...pieces, checksum]);
  };
}

function compile(arena: WasmArena) {
  return instantiate(arena, 'pixels/deflate-runs', ['begin', 'encodeSegment', 'adler32']);
}
