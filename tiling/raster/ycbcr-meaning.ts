/** What YCbCr of a TIFF stands for (TIFF 6.0 section 21). */
export interface YcbcrMeaning {
  /** Shares of red, green and blue in the luma: YCbCrCoefficients. */
  readonly luma: readonly [red: number, green: number, blue: number];
  /** The codes of black and white of each component: ReferenceBlackWhite. */
  readonly reference: readonly number[];
}

/** How YCbCr lies in its blocks, and what it stands for. */
export interface StoredChroma extends YcbcrMeaning {
  /** Pixels that share one Cb and one Cr: a block is rows of units of so many Y, one Cb and one Cr. */
  readonly across: number;
  readonly down: number;
}

/** That of JPEG (JFIF), and of a TIFF that says nothing. */
export const JFIF_MEANING: YcbcrMeaning = { luma: [0.299, 0.587, 0.114], reference: [0, 255, 128, 255, 128, 255] };
