import { decodeDeflate } from './deflate.js';
import { decodeZstd } from './zstd.js';

/** What the block must decode to. */
export interface LercShape {
  readonly width: number;
  readonly height: number;
  /** Of a whole block: some writers store the last strip at full height. */
  readonly maxHeight: number;
  readonly channels: number;
  /** Bits of one sample. */
  readonly bits: number;
  readonly isFloat: boolean;
  /** What LERC's bytes are packed in once more, by the tag LercParameters; nothing where it is 0. */
  readonly packing: number;
}

/** Values of the second number of LercParameters. */
const DEFLATE = 1;
const ZSTD = 2;
/** LERC's bytes are at most so much longer than the samples, which its header and masks may add. */
const SLACK_BYTES = 65_536;

type Lerc = typeof import('lerc');
let loaded: Promise<Lerc> | undefined;

/**
 * Decodes one LERC block as libtiff does: interleaved samples, NaN where a float is masked, and an alpha of bytes, which is
 * stored as the mask, as 0 and 255. In files of the other byte order LERC holds samples that are turned round.
 * @throws Error for a damaged block, and for one of another size or type
 */
export async function decodeLerc(encoded: Uint8Array, shape: LercShape): Promise<Uint8Array> {
  const { width, height, maxHeight, channels, bits, isFloat, packing } = shape;
  loaded ??= load();
  const lerc = await loaded;
  const packedBytes = (width * maxHeight * channels * bits) / 8 + SLACK_BYTES;
  const blob = await unpacked(encoded, packing, packedBytes);
  // Before the decoder takes the memory that the header asks for.
  const [w, h] = sizeOf(blob);
  if (w !== width || h < height || h > maxHeight) throw new Error(`LERC of ${w}×${h} pixels`);
  const { depthCount, pixels, mask } = lerc.decode(blob, { returnInterleaved: true });
  const [samples] = pixels;
  if (
    samples === undefined ||
    samples.BYTES_PER_ELEMENT * 8 !== bits ||
    samples instanceof Float32Array !== (isFloat && bits === 32)
  ) {
    throw new Error('LERC of another sample type');
  }
  const count = width * height;
  if (pixels.length === 1 && depthCount === channels) {
    if (isFloat && mask !== null) {
      for (let i = 0; i < count * channels; i++) if (mask[Math.floor(i / channels)] === 0) samples[i] = Number.NaN;
    }
    return new Uint8Array(samples.buffer, samples.byteOffset, (count * channels * bits) / 8);
  }
  if (pixels.length !== 1 || depthCount !== channels - 1 || bits !== 8)
    throw new Error(`LERC of ${depthCount} channels`);
  const bytes = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < depthCount; c++) bytes[i * channels + c] = samples[i * depthCount + c]!;
    bytes[i * channels + depthCount] = mask === null || mask[i] !== 0 ? 255 : 0;
  }
  return bytes;
}

const MAGIC = 'Lerc2 ';
/** From this version on a checksum stands before the size. */
const CHECKSUM_VERSION = 3;

/** Width and height by the header (https://github.com/Esri/lerc, Lerc2): magic, version, checksum, rows, columns. */
function sizeOf(blob: ArrayBuffer): readonly [width: number, height: number] {
  const view = new DataView(blob);
  if (blob.byteLength < 22 || Buffer.from(blob, 0, MAGIC.length).toString('latin1') !== MAGIC) {
    throw new Error('no LERC block of version 2 or later');
  }
  const at = MAGIC.length + 4 + (view.getInt32(MAGIC.length, true) >= CHECKSUM_VERSION ? 4 : 0);
  return [view.getInt32(at + 4, true), view.getInt32(at, true)];
}

/** LERC's bytes in a buffer of their own, which its decoder wants. */
async function unpacked(encoded: Uint8Array, packing: number, maxBytes: number): Promise<ArrayBuffer> {
  const bytes =
    packing === DEFLATE
      ? decodeDeflate(encoded, maxBytes)
      : packing === ZSTD
        ? await decodeZstd(encoded, maxBytes)
        : encoded;
  return new Uint8Array(bytes).buffer;
}

/** The decoder is loaded for the first file that needs it. */
async function load(): Promise<Lerc> {
  const lerc = await import('lerc');
  await lerc.load();
  return lerc;
}
