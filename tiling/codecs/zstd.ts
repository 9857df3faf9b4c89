import zlib from 'node:zlib';
import type { ZSTDDecoder } from 'zstddec';

type ZstdDecompress = (encoded: Uint8Array, options: { maxOutputLength: number; chunkSize: number }) => Uint8Array;

/** Node's own from 22.15 on. */
const native = (zlib as { zstdDecompressSync?: ZstdDecompress }).zstdDecompressSync;

let ready: Promise<ZSTDDecoder> | undefined;
let decoder: ZSTDDecoder | undefined;

/**
 * Decodes a ZSTD frame of at most `maxBytes` bytes: natively where the runtime can, otherwise in WebAssembly,
 * which gives a promise until its module is loaded. A damaged frame throws or gives fewer bytes.
 */
export function decodeZstd(encoded: Uint8Array, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  if (native !== undefined)
    return native(encoded, { maxOutputLength: maxBytes, chunkSize: Math.max(64, maxBytes + 64) });
  if (decoder !== undefined) return decoder.decode(encoded, maxBytes);
  ready ??= load();
  return ready.then((loaded) => loaded.decode(encoded, maxBytes));
}

async function load(): Promise<ZSTDDecoder> {
  const { ZSTDDecoder: Decoder } = await import('zstddec');
  const created = new Decoder();
  await created.init();
  decoder = created;
  return created;
}
