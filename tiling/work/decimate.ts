import { bandPoints, POINT_BYTES, type Pyramid, pyramidGrids } from '../operations/pyramid.js';
import type { WorkKind } from './kind.js';
import { tileBytes } from './tiles.js';
import { isBytes, isFields } from './value-checks.js';

/** A band of rows of the first grid of a pyramid of the job's image; the task's index is its place from the top. */
export interface DecimateData {
  readonly pyramid: Pyramid;
}

/** The points of a band. */
export interface DecimateValue {
  /** Row after row, each point as a pyramid's file has it: float32, little-endian. */
  readonly points: Uint8Array;
}

/** Makes a band of the finest stored grid of a pyramid. */
export const decimate: WorkKind<DecimateData, DecimateValue> = {
  isValue: (value, { data: { pyramid }, index, job }): value is DecimateValue => {
    const { rect } = pyramidGrids(job.plan!.image, pyramid)[0]!;
    const rows = Math.min(bandPoints(pyramid), rect.height - index * bandPoints(pyramid));
    return isFields(value) && isBytes(value.points, { exactly: rows * rect.width * POINT_BYTES });
  },
  memoryBytes: tileBytes,
};
