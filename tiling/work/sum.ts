import { type Corners, cornerTable } from '../operations/corners.js';
import type { WorkKind } from './kind.js';
import { tileBytes } from './tiles.js';
import { isBytes, isFields } from './value-checks.js';

/** A row of cells of the job's image; the task's index is its place from the top. */
export interface SumData {
  readonly corners: Corners;
}

/** What a row of cells adds to the summed-area table: float64, little-endian, the lanes of a value side by side. */
export interface SumValue {
  /** For each x from 0 to the image's width: the sum of the row's pixels left of x. */
  readonly columns: Uint8Array;
  /** For each cell and each of its rows: the sum of the pixels left of the cell, from the cell's first row down to it. */
  readonly edges: Uint8Array;
}

/** Sums a row of cells, for windows that read corners. */
export const sum: WorkKind<SumData, SumValue> = {
  isValue: (value, { data: { corners }, job }): value is SumValue => {
    const { width } = job.plan!.image;
    const { cellsAcross } = cornerTable(job.plan!.image, corners.cellSide);
    const bytes = 8 * corners.layout.lanes;
    return (
      isFields(value) &&
      isBytes(value.columns, { exactly: (width + 1) * bytes }) &&
      isBytes(value.edges, { exactly: cellsAcross * corners.cellSide * bytes })
    );
  },
  memoryBytes: tileBytes,
};
