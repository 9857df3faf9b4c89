import type { Rect } from '../geometry/rect.js';
import type { BlockLayout, RasterInfo } from './raster-info.js';

/**
 * The blocks of one raster, encoded as they lie in its file. Implementations differ in where the bytes come
 * from (a file, a coordinator); decoding is somebody else's.
 */
export interface BlockSource {
  /** What messages call it: a path. */
  readonly name: string;
  readonly info: RasterInfo;
  readonly layout: BlockLayout;
  /** What codecs need beyond the bytes of one block: JPEG tables, chroma subsampling. */
  readonly codecContext: CodecContext;
  /**
   * The encoded bytes of block `index` (channel-major where planar); empty for a sparse block, which was
   * never written. The result is the caller's.
   * @throws bad-input where the file is shorter than it says
   */
  readBlock(index: number): Uint8Array | Promise<Uint8Array>;
  /**
   * Only for layouts with codec `none`, no predictor, chunky and in the machine's byte order: copies the
   * samples of `rect`, which lies in the image, into `into`, rows `strideBytes` apart. No copy is made on the
   * way. Returns the bytes read from storage.
   */
  readRaw?(rect: Rect, into: Uint8Array, strideBytes: number): number | Promise<number>;
  /** These blocks are about to be read, in this order: a source that is far away asks for all of them at once. */
  expect?(indexes: readonly number[]): void;
  /** Pixels of this rect are likely to be read soon; only of sources that are worth asking ahead. */
  expectRect?(rect: Rect): void;
  close(): void;
}

/** What a decoder must know beside a block's bytes. */
export interface CodecContext {
  /** Contents of the JPEGTables tag. */
  readonly jpegTables?: Uint8Array;
  /** Photometric interpretation as stored, before decoding: 6 is YCbCr. */
  readonly storedPhotometric: number;
  /** What LERC's bytes are packed in once more: the second number of the tag LercParameters. */
  readonly lercPacking?: number;
  readonly chromaSubsampling?: readonly [number, number];
  /** RGB of each index of an image of indexed colours, 3 bytes each. */
  readonly palette?: Uint8Array;
}
