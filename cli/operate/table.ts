import { readTimestamp } from '../../proto/convert/timestamp.js';
import type { google } from '../../proto/gen/messages.js';

/** A column: its heading, how wide it is at least, and whether its texts end where it does. */
export type Column = readonly [heading: string, width: number, side?: 'right'];

/** One line of a table. Columns are padded and never cut: lines are printed as they come, however many follow. */
export function tableLine(columns: readonly Column[], cells: readonly string[]): string {
  const padded = columns.map(([, width, side], index) => {
    const cell = cells[index] ?? '';
    return side === 'right' ? cell.padStart(width) : cell.padEnd(width);
  });
  return padded.join('  ').trimEnd();
}

/** The line above a table. */
export function tableHeader(columns: readonly Column[]): string {
  return tableLine(
    columns,
    columns.map(([heading]) => heading),
  );
}

/** A time as ISO 8601 in UTC to the second; undefined where there is none. */
export function timeText(time: google.protobuf.ITimestamp | null | undefined): string | undefined {
  const ms = readTimestamp(time);
  return ms === undefined ? undefined : new Date(ms).toISOString().replace(/\.\d+/, '');
}
