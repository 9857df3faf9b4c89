import type { DType } from './dtype.js';
import type { StoredChroma } from './ycbcr-meaning.js';

/** What the file says its last channel is: `unassociated` colour is not yet multiplied by it. */
export type AlphaKind = 'none' | 'unassociated' | 'associated';

/** A raw TIFF tag that travels from the input to the output without being understood. */
export interface CarriedTag {
  readonly tag: number;
  /** TIFF field type, 1 to 18. */
  readonly type: number;
  readonly count: number;
  /** The values as they lie in a little-endian file. */
  readonly bytes: Uint8Array;
}

/** Photometric interpretations of TIFF that pixels have here; of CIELab a* and b* begin at 0, as those of ICCLab do. */
export const PHOTOMETRIC = {
  whiteIsZero: 0,
  blackIsZero: 1,
  rgb: 2,
  separated: 5,
  cielab: 8,
  icclab: 9,
} as const;

/** Everything a plan needs to know of an image or map without reading a pixel. */
export interface RasterInfo {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly dtype: DType;
  readonly alpha: AlphaKind;
  /**
   * What the file says of each channel beyond the colours, as TIFF numbers it: 0 unspecified, 1 associated alpha, 2
   * unassociated alpha. Where absent, `alpha` says all.
   */
  readonly extraSamples?: readonly number[];
  /**
   * Where the file has the alpha that weighs, if that is not its last channel: kernels see it as the last one, and
   * `nodata` has their order.
   */
  readonly alphaAt?: number;
  /** Per channel; `NaN` matches NaN; absent where the file names none. */
  readonly nodata?: readonly (number | null)[];
  /** TIFF photometric interpretation of the decoded pixels, see {@link PHOTOMETRIC}. */
  readonly photometric: number;
  /** Resolution, geo keys, ICC profile, description, orientation. */
  readonly carried: readonly CarriedTag[];
}

/** How the encoded units of one raster lie in its file: a TIFF's tiles or strips. */
export interface BlockLayout {
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly across: number;
  readonly down: number;
  /** `planar` stores each channel as blocks of its own, channel-major. */
  readonly planar: boolean;
  /** Tiles are stored whole at the edges, strips are cut at the bottom. */
  readonly striped: boolean;
  /** `none` means that samples can be read without decoding. */
  readonly codec: BlockCodec;
  readonly predictor: 1 | 2 | 3;
  readonly littleEndian: boolean;
  /** Where samples lie in the file in another form than the raster has them. */
  readonly stored?: StoredSamples;
  /** YCbCr that no codec turns into RGB. */
  readonly chroma?: StoredChroma;
  /** Of CIELab: a* and b* lie in the file with a sign. */
  readonly signedChroma?: true;
  /** The lowest bit of each encoded byte is the first one. */
  readonly lowestFirst?: true;
}

/** Samples as a file has them; `tiling/codecs/stored-samples.ts` says what becomes of them. */
export interface StoredSamples {
  /** Below 8, and others that are no whole bytes, lie side by side, rows in whole bytes. */
  readonly bits: number;
  readonly kind: 'unsigned' | 'signed' | 'float';
  /** Indices of colours: one channel that decodes to three. */
  readonly indexed?: true;
}

/** How a block's samples may be encoded. */
export const BLOCK_CODECS = ['none', 'deflate', 'lzw', 'packbits', 'zstd', 'jpeg', 'webp', 'lerc', 'jpeg2000'] as const;
/** One of {@link BLOCK_CODECS}. */
export type BlockCodec = (typeof BLOCK_CODECS)[number];
