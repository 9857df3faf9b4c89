import { cellRect } from '../geometry/grid.js';
import type { Size } from '../geometry/rect.js';
import { isColourCounts } from '../palette/colour-counts.js';
import { nearestIndices } from '../palette/downscale-nearest.js';
import { filterStage, stageGrid } from '../plan/levels.js';
import type { Plan } from '../plan/plan.js';
import type { AskedTask, WorkKind } from './kind.js';
import { type TileData, tileBytes } from './tiles.js';
import { isBytes, isFields } from './value-checks.js';

/** A tile of an image after its chain, of which the pixels count that the nearest downscale to `size` takes. */
export interface SampleData extends TileData {
  readonly size: Size;
  /** Of a small image that is wanted beside. */
  readonly preview: Size;
  /** Whether the pixels themselves are wanted, not only how often each colour occurs. */
  readonly whole: boolean;
}

/** The pixels of a tile that a downscale takes: interleaved RGBA, rows dense. */
export interface SampleValue {
  /** `ColourCounts.toBytes()` */
  readonly counts: Uint8Array;
  /** Whether some alpha is 0, and whether some is neither 0 nor 255. */
  readonly transparent: boolean;
  readonly translucent: boolean;
  readonly preview: Uint8Array;
  /** Empty where they are not wanted. */
  readonly rgba: Uint8Array;
}

/** Looks at the colours of one tile of an image that is too large to be held. */
export const sample: WorkKind<SampleData, SampleValue> = {
  isValue: isSampleValue,
  memoryBytes: tileBytes,
};

function isSampleValue(value: unknown, { data, index, job }: AskedTask<SampleData>): value is SampleValue {
  if (!isFields(value) || typeof value.transparent !== 'boolean' || typeof value.translucent !== 'boolean')
    return false;
  const isPixels = (bytes: unknown, size: Size) => {
    const { columns, rows } = sampledSpans(job.plan!, index, size);
    return isBytes(bytes, { exactly: columns.count * rows.count * 4 });
  };
  const { counts, preview, rgba } = value;
  if (!isColourCounts(counts) || !isPixels(preview, data.preview)) return false;
  return data.whole ? isPixels(rgba, data.size) : isBytes(rgba, { exactly: 0 });
}

/** Columns and rows of an image at a size that the nearest downscale takes from one tile. */
export function sampledSpans(
  plan: Plan,
  tileIndex: number,
  size: Size,
): { readonly columns: Span; readonly rows: Span } {
  const { output } = plan;
  const rect = cellRect(stageGrid(filterStage(plan)), tileIndex);
  return {
    columns: spanOf(nearestIndices(output.width, size.width), rect.x, rect.width),
    rows: spanOf(nearestIndices(output.height, size.height), rect.y, rect.height),
  };
}

/** A run of positions. */
export interface Span {
  readonly first: number;
  readonly count: number;
}

/** Which of ascending positions fall into [from, from + length). */
function spanOf(positions: Uint32Array, from: number, length: number): Span {
  let first = 0;
  while (first < positions.length && positions[first]! < from) first++;
  let count = 0;
  while (first + count < positions.length && positions[first + count]! < from + length) count++;
  return { first, count };
}
