import { readFileSync } from 'node:fs';
import { missingCommands, quietly } from './installed.js';
import { scratchFolder } from './scratch-folder.js';

/** Why tests that read with GDAL are skipped; false where it is installed. */
export const GDAL_MISSING = missingCommands(['gdalinfo', '--version']);

/** What `gdalinfo -json` says, as far as tests look at it. */
export interface GdalInfo {
  readonly size: readonly [number, number];
  readonly geoTransform?: readonly number[];
  readonly gcps?: { readonly gcpList: readonly { readonly pixel: number; readonly line: number }[] };
  readonly metadata: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bands: readonly {
    readonly colorInterpretation: string;
    readonly noDataValue?: number | string;
    readonly scale?: number;
    readonly offset?: number;
    readonly mask?: { readonly flags: readonly string[] };
    readonly metadata?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  }[];
}

/** A file as GDAL describes it; warnings are passed over. */
export function gdalInfo(path: string): GdalInfo {
  return JSON.parse(quietly('gdalinfo', ['-json', '-mdd', 'all', path], /^Warning/)) as GdalInfo;
}

const folder = scratchFolder();

/** The bytes of a file's pixels as GDAL decodes them, interleaved, little endian; directories that it cannot read are passed over. */
export function gdalPixels(path: string, ...options: string[]): Uint8Array {
  const raw = `${folder}/pixels.raw`;
  quietly(
    'gdal_translate',
    ['-q', '-of', 'ENVI', '-co', 'INTERLEAVE=BIP', ...options, path, raw],
    /^Warning|TIFF(Fetch|Read)Directory/,
  );
  return new Uint8Array(readFileSync(raw));
}
