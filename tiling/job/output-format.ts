/** What an output is written as. */
export type OutputFormat = 'tiff' | 'ome-tiff' | 'png' | 'jpeg' | 'webp';

/** The ending that names each format; the first that matches counts. */
const ENDINGS: readonly (readonly [OutputFormat, RegExp])[] = [
  ['ome-tiff', /\.ome\.(?:tiff?|btf|tf8)$/i],
  ['tiff', /\.(?:tiff?|gtiff?|btf|tf8)$/i],
  ['png', /\.png$/i],
  ['jpeg', /\.jpe?g$/i],
  ['webp', /\.webp$/i],
];

/** Endings of outputs, as messages list them. */
export const WRITTEN_ENDINGS = '.tif, .ome.tif, .png, .jpg or .webp';

/** A name without an ending is a TIFF's. */
const NO_ENDING = /(?:^|[/\\])\.*[^./\\]*$/;

/** The format that an output's ending names; undefined where it is none that is written. */
export function outputFormatOf(output: string): OutputFormat | undefined {
  return NO_ENDING.test(output) ? 'tiff' : endingFormatOf(output);
}

/** As {@link outputFormatOf}, of names that have an ending. */
export function endingFormatOf(output: string): OutputFormat | undefined {
  return ENDINGS.find(([, ending]) => ending.test(output))?.[0];
}
