import type { DType } from '../raster/dtype.js';
import { viewSamples } from '../raster/dtype.js';
import type { StoredSamples } from '../raster/raster-info.js';
import { MACHINE_LITTLE_ENDIAN, packedRowBytes } from '../raster/stored-block.js';

/** Rows of one decoded block, in samples as they are stored. */
interface StoredRows {
  readonly rowSamples: number;
  readonly rows: number;
}

/**
 * Samples of a block in the raster's own type, from those that are stored: greys of 1, 2 and 4 bits spread over 0 to 255,
 * other integers below 16 bits as they are, indices by their colours, halves exactly as float32, doubles rounded to it,
 * signed integers and those of 32 and 64 bits as float32, rounded, or as uint32. Whole bytes are in the machine's order
 * already.
 * @param palette RGB of each index, 3 bytes each
 * @throws NoLabel for an integer that uint32 does not hold
 */
export function convertStored(
  block: Uint8Array,
  stored: StoredSamples,
  { rowSamples, rows }: StoredRows,
  dtype: DType,
  palette: Uint8Array | undefined,
): Uint8Array {
  const count = rowSamples * rows;
  if (stored.kind === 'float') return floatsOf(block, stored.bits, count);
  if (stored.kind === 'signed' || stored.bits >= 32) return wideOf(integersOf(block, stored, count), dtype);
  const integers = isWhole(stored.bits) ? block.subarray(0, count) : unpack(block, stored.bits, { rowSamples, rows });
  if (palette !== undefined) return coloursOf(integers, palette);
  const result = new Uint8Array(count * (dtype === 'uint8' ? 1 : 2));
  const samples = viewSamples(dtype, result.buffer, 0, count);
  const factor = spread(stored.bits);
  for (let i = 0; i < count; i++) samples[i] = integers[i]! * factor;
  return result;
}

/** Greys of few bits reach from black to white, as they are meant to be seen and libvips shows them. */
function spread(bits: number): number {
  return bits === 1 || bits === 2 || bits === 4 ? 255 / (2 ** bits - 1) : 1;
}

function isWhole(bits: number): boolean {
  return bits % 8 === 0;
}

/** Integers of any width up to 16 bits, highest bit first, each row in whole bytes (TIFF 6.0 section 3). */
function unpack(block: Uint8Array, bits: number, { rowSamples, rows }: StoredRows): Uint16Array {
  const rowBytes = packedRowBytes(rowSamples, bits);
  const integers = new Uint16Array(rowSamples * rows);
  const mask = 2 ** bits - 1;
  for (let row = 0; row < rows; row++) {
    let at = row * rowBytes;
    let held = 0;
    let width = 0;
    for (let i = row * rowSamples; i < (row + 1) * rowSamples; i++) {
      while (width < bits) {
        held = ((held << 8) | block[at++]!) & 0xff_ffff;
        width += 8;
      }
      width -= bits;
      integers[i] = (held >>> width) & mask;
    }
  }
  return integers;
}

function coloursOf(indices: Uint8Array | Uint16Array, palette: Uint8Array): Uint8Array {
  const colours = new Uint8Array(indices.length * 3);
  for (let i = 0; i < indices.length; i++) {
    const from = indices[i]! * 3;
    colours[i * 3] = palette[from]!;
    colours[i * 3 + 1] = palette[from + 1]!;
    colours[i * 3 + 2] = palette[from + 2]!;
  }
  return colours;
}

function floatsOf({ buffer, byteOffset }: Uint8Array, bits: number, count: number): Uint8Array {
  const floats = new Float32Array(count);
  if (bits === 16) {
    const halves = new Uint16Array(buffer, byteOffset, count);
    for (let i = 0; i < count; i++) floats[i] = halfOf(halves[i]!);
  } else floats.set(new Float64Array(buffer, byteOffset, count));
  return new Uint8Array(floats.buffer);
}

/** A sample that is to be a label and cannot be one. */
export class NoLabel extends Error {
  /** Its place in the block. */
  readonly index: number;
  readonly value: number;

  constructor(index: number, value: number) {
    super(`${value} is no label`);
    this.index = index;
    this.value = value;
  }
}

type Integers = Int8Array | Int16Array | Int32Array | Uint32Array | BigInt64Array | BigUint64Array;

function integersOf({ buffer, byteOffset }: Uint8Array, { bits, kind }: StoredSamples, count: number): Integers {
  const signed = kind === 'signed';
  if (bits === 8) return new Int8Array(buffer, byteOffset, count);
  if (bits === 16) return new Int16Array(buffer, byteOffset, count);
  if (bits === 32)
    return signed ? new Int32Array(buffer, byteOffset, count) : new Uint32Array(buffer, byteOffset, count);
  return signed ? new BigInt64Array(buffer, byteOffset, count) : new BigUint64Array(buffer, byteOffset, count);
}

function wideOf(integers: Integers, dtype: DType): Uint8Array {
  const result = new Uint8Array(integers.length * 4);
  const samples = viewSamples(dtype, result.buffer, 0, integers.length);
  for (let i = 0; i < integers.length; i++) {
    const value = Number(integers[i]!);
    if (dtype === 'uint32' && !(value >= 0 && value <= 0xffff_ffff)) throw new NoLabel(i, value);
    samples[i] = value;
  }
  return result;
}

/** The number that 16 bits stand for (IEEE 754 binary16). */
export function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the half that is nearest to a number; of two the even one, as IEEE 754 rounds. */
export function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Half a step above the largest.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = size * 2 ** (10 - exponent);
  const whole = Math.floor(steps);
  const isUp = steps - whole > 0.5 || (steps - whole === 0.5 && whole % 2 === 1);
  // The steps of a normal half are 1024 to 2048, so that they carry into its exponent.
  return sign | (((exponent + 14) << 10) + whole + (isUp ? 1 : 0));
}

/** Turns each byte round in place: files of fill order 2 have the lowest bit first (TIFF 6.0 section 8). */
export function reverseBits(bytes: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) {
    let byte = bytes[i]!;
    byte = ((byte & 0x0f) << 4) | (byte >> 4);
    byte = ((byte & 0x33) << 2) | ((byte >> 2) & 0x33);
    bytes[i] = ((byte & 0x55) << 1) | ((byte >> 1) & 0x55);
  }
}

/** Brings whole samples of 2, 4 or 8 bytes from the file's byte order into the machine's, in place. */
export function toMachineOrder(bytes: Uint8Array, sampleBytes: number, littleEndian: boolean): void {
  if (littleEndian === MACHINE_LITTLE_ENDIAN) return;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (sampleBytes === 2) buffer.swap16();
  else if (sampleBytes === 4) buffer.swap32();
  else if (sampleBytes === 8) buffer.swap64();
}
