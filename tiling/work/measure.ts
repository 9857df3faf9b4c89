import { area, type Rect, type Size } from '../geometry/rect.js';
import { type MeasuredChannels, REGION, recordLength } from '../measure/record.js';
import type { WorkKind } from './kind.js';
import { isBytes, isFields } from './value-checks.js';

/** A rect of an image of labels, the job's image; what is measured under them are its extras, by their position. */
export interface MeasureData {
  readonly rect: Rect;
  /** Of the whole image. */
  readonly size: Size;
  readonly channels: MeasuredChannels;
}

/** What is known of the labels in a rect. */
export interface MeasureValue {
  /** Records of `tiling/measure/`, float64, ascending by label. */
  readonly records: Uint8Array;
}

/** Bytes of a pixel while its rect is measured: its label, its place among the records, and a sample. */
const HELD_BYTES = 12;

/** Measures the regions of an image of labels in a rect, and images under them. */
export const measure: WorkKind<MeasureData, MeasureValue> = {
  isValue: (value, { data: { rect, channels } }): value is MeasureValue => {
    if (!isFields(value)) return false;
    const { records } = value;
    const bytes = recordLength(channels) * 8;
    if (!isBytes(records, { most: area(rect) * bytes })) return false;
    return isAscending(records as Uint8Array, bytes);
  },
  // Every pixel may have a label of its own.
  memoryBytes: ({ rect, channels }) => area(rect) * (HELD_BYTES + channels.length * 4 + recordLength(channels) * 16),
};

function isAscending(records: Uint8Array, bytes: number): boolean {
  if (records.length % bytes !== 0) return false;
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  for (let at = 0, before = 0; at < records.length; at += bytes) {
    const label = view.getFloat64(at + REGION.label * 8, true);
    if (!Number.isInteger(label) || label <= before) return false;
    before = label;
  }
  return true;
}
