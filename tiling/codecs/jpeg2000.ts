import { createRequire } from 'node:module';
import { JFIF_MEANING } from '../raster/ycbcr-meaning.js';
import { toRgb } from './ycbcr.js';

/** What the block must decode to. */
export interface Jpeg2000Shape {
  readonly width: number;
  readonly height: number;
  /** Of a whole block: some writers store the last strip at full height. */
  readonly maxHeight: number;
  readonly channels: number;
  /** Bits of one sample, 8 or 16; the picture may use fewer of them. */
  readonly bits: number;
  readonly isSigned: boolean;
  /** The components are YCbCr as Aperio's scanners write it, which become RGB. */
  readonly isYcbcr: boolean;
}

/** The part of `@cornerstonejs/codec-openjpeg`, OpenJPEG as WebAssembly, that decodes. */
interface OpenJpeg {
  readonly J2KDecoder: new () => {
    getEncodedBuffer(length: number): Uint8Array;
    decode(): void;
    getDecodedBuffer(): Uint8Array;
    delete(): void;
  };
}
type MakeOpenJpeg = (settings: {
  print: (line: string) => void;
  printErr: (line: string) => void;
}) => Promise<OpenJpeg>;

let loaded: Promise<OpenJpeg> | undefined;
/** What the decoder says of the block that it is at, apart from what it always says. */
let complaints: string[] = [];

/**
 * Decodes one JPEG 2000 block, a codestream or a JP2 file (ISO/IEC 15444-1), of one or three components: the interleaved
 * samples in the machine's byte order, rows below `height` dropped. Components of fewer samples are RGB behind the decoder,
 * which takes them for YCbCr.
 * @throws Error for a damaged block, and for one of another size or type
 */
export async function decodeJpeg2000(encoded: Uint8Array, shape: Jpeg2000Shape): Promise<Uint8Array> {
  const { width, height, channels, bits, isYcbcr } = shape;
  // Before the decoder takes the memory that the header asks for.
  const { isSubsampled } = checkHeader(encoded, shape);
  loaded ??= load();
  const { J2KDecoder } = await loaded;
  const decoder = new J2KDecoder();
  complaints = [];
  try {
    decoder.getEncodedBuffer(encoded.length).set(encoded);
    decoder.decode();
    if (complaints.length > 0) throw new Error(complaints[0]);
    const bytes = (width * height * channels * bits) / 8;
    const decoded = decoder.getDecodedBuffer();
    if (decoded.length < bytes) throw new Error(`the picture decodes to ${decoded.length} bytes`);
    const samples = new Uint8Array(decoded.subarray(0, bytes));
    if (isYcbcr && !isSubsampled) toRgb(samples, JFIF_MEANING);
    return samples;
  } catch (error) {
    // What C++ throws is a number.
    throw error instanceof Error ? error : new Error(complaints[0] ?? 'the decoder gave up');
  } finally {
    decoder.delete();
  }
}

/** Start of codestream and the marker of the image's size, SIZ. */
const START = Buffer.of(0xff, 0x4f, 0xff, 0x51);
/** Bytes of SIZ, with its marker, before those of each component. */
const SIZ_BYTES = 40;

/** @throws Error where a block is not of the shape that its TIFF says */
function checkHeader(encoded: Uint8Array, shape: Jpeg2000Shape): { readonly isSubsampled: boolean } {
  const { width, height, maxHeight, channels, bits, isSigned } = shape;
  const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length);
  const at = bytes.indexOf(START) + 2;
  if (at < 2 || bytes.length < at + SIZ_BYTES) throw new Error('no JPEG 2000 codestream');
  const u32 = (offset: number) => bytes.readUInt32BE(at + offset);
  const [w, h] = [u32(6) - u32(14), u32(10) - u32(18)];
  const components = bytes.readUInt16BE(at + 38);
  if (w !== width || h < height || h > maxHeight || components !== channels) {
    throw new Error(`the picture is ${w}×${h}×${components}, not ${width}×${height}×${channels}`);
  }
  if (bytes.length < at + SIZ_BYTES + 3 * components) throw new Error('the header is cut short');
  let isSubsampled = false;
  for (let c = 0; c < components; c++) {
    const [type, across, down] = bytes.subarray(at + SIZ_BYTES + 3 * c) as unknown as [number, number, number];
    const depth = (type & 0x7f) + 1;
    if (Math.ceil(depth / 8) * 8 !== bits || type >= 0x80 !== isSigned) {
      throw new Error(`samples of ${depth} bits${type >= 0x80 ? ' with a sign' : ''}`);
    }
    if (across !== 1 || down !== 1) isSubsampled = true;
  }
  if (isSubsampled && (channels !== 3 || bits !== 8)) throw new Error('components of fewer samples');
  return { isSubsampled };
}

/** The decoder is loaded for the first file that needs it. */
async function load(): Promise<OpenJpeg> {
  const make = createRequire(import.meta.url)('@cornerstonejs/codec-openjpeg/decodewasmjs') as MakeOpenJpeg;
  const note = (line: string) => {
    if (!line.startsWith('[INFO]') && line.trim() !== '') complaints.push(line.trim());
  };
  return make({ print: note, printErr: note });
}
