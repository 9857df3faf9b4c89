import { area, type Size } from '../geometry/rect.js';
import type { Rgb } from '../palette/nearest-colour.js';
import type { WorkKind } from './kind.js';
import type { InputPlace, RasterRef, SourceRef } from './references.js';
import { isChecksum, isCount, isFields } from './value-checks.js';

/** Rows [from, to) of a finished image, to become a piece of a PNG's compressed stream in a file of its own. */
export interface BandData {
  readonly raster: RasterRef;
  /** Instead of `raster`, where a worker finds it. */
  readonly source?: SourceRef;
  readonly size: Size;
  readonly from: number;
  readonly to: number;
  /** The colours of an indexed PNG, which are all that the image has, transparent pixels one more; null for RGBA. */
  readonly palette: readonly Rgb[] | null;
  readonly output: string;
}

/** A written band. */
export interface BandValue {
  /** Of its rows before compression, for the PNG's checksum. */
  readonly adler: number;
  readonly rawBytes: number;
}

/** Writes a band of an image as a piece of a PNG. */
export const band: WorkKind<BandData, BandValue> = {
  reads: ({ raster }) => [raster],
  placed: (data, [place]) => ({ ...data, source: sourceAt(place) }),
  writes: ({ output }) => [{ form: 'file', path: output }],
  isValue: (value): value is BandValue => isFields(value) && isChecksum(value.adler) && isCount(value.rawBytes),
  memoryBytes: ({ size, from, to }) => area({ width: size.width, height: to - from }) * 16,
};

function sourceAt(place: InputPlace | undefined): SourceRef | undefined {
  return place?.kind === 'file' || place?.kind === 'coordinator' ? place : undefined;
}
