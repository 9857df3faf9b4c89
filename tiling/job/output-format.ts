import { badUsage } from '../errors.js';

/** What an output is written as. */
export type OutputFormat = 'tiff' | 'ome-tiff' | 'png' | 'jpeg' | 'webp' | 'dzi' | 'ome-zarr';

/** The ending that names each format; the first that matches counts. */
const ENDINGS: readonly (readonly [OutputFormat, RegExp])[] = [
  ['ome-tiff', /\.ome\.(?:tiff?|btf|tf8)$/i],
  ['tiff', /\.(?:tiff?|gtiff?|btf|tf8)$/i],
  ['png', /\.png$/i],
  ['jpeg', /\.jpe?g$/i],
  ['webp', /\.webp$/i],
  ['dzi', /\.dzi$/i],
  ['ome-zarr', /\.zarr$/i],
];

/** Endings of outputs, as messages list them. */
export const WRITTEN_ENDINGS = '.tif, .ome.tif, .png, .jpg, .webp, .dzi or .zarr';

/** What a table of measurements is written as. */
export type TableFormat = 'csv' | 'jsonl' | 'parquet';

/** Endings of tables, as messages list them. */
export const TABLE_ENDINGS = '.csv, .jsonl or .parquet';

/** The format of a table that an output's ending names; undefined where it is none. */
export function tableFormatOf(output: string): TableFormat | undefined {
  if (/\.csv$/i.test(output)) return 'csv';
  if (/\.parquet$/i.test(output)) return 'parquet';
  return /\.(?:jsonl|ndjson)$/i.test(output) ? 'jsonl' : undefined;
}

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

/** The folder that a format keeps beside or in place of a file; undefined of formats that are one file. */
export function outputFolderOf(output: string): string | undefined {
  const format = outputFormatOf(output);
  if (format === 'ome-zarr') return output;
  return format === 'dzi' ? output.replace(/\.dzi$/i, '_files') : undefined;
}

/**
 * Refuses an output that cannot be fetched from a coordinator, since it is no single file.
 * @throws bad-usage
 */
export function checkFetched(output: string): void {
  if (outputFolderOf(output) === undefined) return;
  throw badUsage({
    what: 'an output that is a folder is not fetched from a cluster',
    file: output,
    expected: 'storage that the coordinator sees, root:NAME/PATH',
    remedy: 'write it there, or end its name in .tif',
  });
}
