import { badInput, badUsage } from '../errors.js';
import { type DType, INTEGER_MAX } from '../raster/dtype.js';
import type { JobFacts, Operation } from './descriptor.js';

const MAX_ROWS = 65536;
const MAX_NUMBERS = 2 ** 20;

/** Bytes that say where one channel's table lies: its address, its last row, its inputs. */
export const CURVE_TABLE_BYTES = 24;

/** A table file's contents as JSON data: rows evenly spaced from `low` to `high` of the input. */
export interface ToneTable {
  /** `cube`: input and output in units of the full range; `csv`: output in sample units. */
  readonly units: 'cube' | 'csv';
  /** One or more columns; channel c takes column c, the last one where there are fewer columns. */
  readonly columns: readonly (readonly number[])[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Reads the file that `table` names into the parameter `values`. */
export function prepareTable(operation: Operation, job: JobFacts): Operation {
  if (operation.params.values !== undefined) return operation;
  const { path, bytes } = job.file('table')!;
  const text = new TextDecoder().decode(bytes);
  const labels = job.image.dtype === 'uint32';
  const isCube = /\.cube$/i.test(path);
  if (isCube && labels)
    throw badInput({ what: 'a .cube is a curve', file: path, expected: 'a .csv of a row for each label' });
  const values = isCube ? parseCube(text, path) : parseCsv(text, path, labels ? MAX_NUMBERS : MAX_ROWS);
  if (values.units === 'csv') checkColumns(values.columns.length, path, job);
  return { ...operation, params: { ...operation.params, values } };
}

/** A column a channel says so by their number; alpha needs none. */
function checkColumns(columns: number, path: string, { image: { channels, alpha } }: JobFacts): void {
  const colours = alpha === 'none' ? channels : channels - 1;
  if (columns === 1 || columns === colours || columns === channels) return;
  throw badInput({
    what: `the table has ${columns} columns`,
    file: path,
    expected: colours === 1 ? 'one' : `one, or ${colours}, one a channel`,
  });
}

/**
 * The table that an operation's file held.
 * @throws bad-usage where it was not prepared
 */
export function toneTableOf(operation: Operation): ToneTable {
  const table = operation.params.values as ToneTable | undefined;
  if (table !== undefined) return table;
  throw badUsage({ what: 'the table of lut was not read', remedy: 'prepare the operation first' });
}

/**
 * The table as a curve: linear between rows, constant beyond the ends; a row that is hit is taken as it is. Of labels
 * (uint32) each takes the row of its number, 0 where there is none.
 */
export function tableCurve(operation: Operation, dtype: DType): (value: number, channel: number) => number {
  const table = toneTableOf(operation);
  if (dtype === 'uint32') {
    return (value, channel) => table.columns[Math.min(channel, table.columns.length - 1)]![value] ?? 0;
  }
  const range = dtype === 'float32' ? 1 : INTEGER_MAX[dtype];
  const outputUnit = table.units === 'cube' ? range : 1;
  return (value, channel) => {
    const column = table.columns[Math.min(channel, table.columns.length - 1)]!;
    const low = table.low[Math.min(channel, table.low.length - 1)]!;
    const high = table.high[Math.min(channel, table.high.length - 1)]!;
    const last = column.length - 1;
    const position = Math.min(last, Math.max(0, ((value / range - low) / (high - low)) * last));
    if (Number.isNaN(position)) return Number.NaN;
    // A table with one row a sample must give its rows back: positions within rounding error of a row are that row.
    const row = Math.abs(position - Math.round(position)) < 1e-9 ? Math.round(position) : Math.floor(position);
    const share = Math.max(0, position - row);
    const from = column[row]!;
    return (share < 1e-9 ? from : from + (column[row + 1]! - from) * share) * outputUnit;
  };
}

function parseCsv(text: string, path: string, maxRows: number): ToneTable {
  const rows = numbersOf(text.split('\n'), path, /[,;\s]+/, maxRows);
  return { units: 'csv', columns: columnsOf(rows, path), low: [0], high: [1] };
}

/** Adobe's Cube LUT specification 1.0, the one-dimensional form. */
function parseCube(text: string, path: string): ToneTable {
  const body: string[] = [];
  let size = 0;
  let low: readonly number[] = [0];
  let high: readonly number[] = [1];
  for (const line of text.split('\n').map((each) => each.trim())) {
    const [word = '', ...rest] = line.split(/\s+/);
    if (word === 'LUT_3D_SIZE') {
      throw badInput({ what: 'a three-dimensional .cube', file: path, expected: 'LUT_1D_SIZE' });
    } else if (word === 'LUT_1D_SIZE') size = Number(rest[0]);
    else if (word === 'DOMAIN_MIN') low = rest.map(Number);
    else if (word === 'DOMAIN_MAX') high = rest.map(Number);
    else if (!/^[A-Z#]/.test(line)) body.push(line);
  }
  const rows = numbersOf(body, path, /\s+/);
  if (rows.length !== size) {
    throw badInput({ what: `the table has ${rows.length} rows`, file: path, expected: `LUT_1D_SIZE ${size}` });
  }
  if (low.some((value, c) => !(high[Math.min(c, high.length - 1)]! > value))) {
    throw badInput({ what: 'the domain is empty', file: path, expected: 'DOMAIN_MAX above DOMAIN_MIN' });
  }
  return { units: 'cube', columns: columnsOf(rows, path), low, high };
}

function numbersOf(lines: readonly string[], path: string, separator: RegExp, maxRows = MAX_ROWS): number[][] {
  const rows: number[][] = [];
  let count = 0;
  for (const [index, line] of lines.entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const numbers = trimmed.split(separator).map(Number);
    if (!numbers.every(Number.isFinite)) {
      throw badInput({ what: `line ${index + 1} is “${printable(trimmed)}”`, file: path, expected: 'numbers only' });
    }
    rows.push(numbers);
    count += numbers.length;
    // Refused before the rest of a large file is read.
    if (rows.length > maxRows || count > MAX_NUMBERS) {
      throw badInput({
        what: `the table has more than ${maxRows} rows or ${MAX_NUMBERS} numbers`,
        file: path,
        expected: `2 to ${maxRows} rows, at most ${MAX_NUMBERS} numbers`,
      });
    }
  }
  return rows;
}

function columnsOf(rows: readonly (readonly number[])[], path: string): number[][] {
  const width = rows[0]?.length ?? 0;
  if (rows.length < 2 || rows.some((row) => row.length !== width)) {
    throw badInput({
      what: `${rows.length} rows of uneven or too small a number`,
      file: path,
      expected: `2 to ${MAX_ROWS} rows of equal length`,
    });
  }
  return Array.from({ length: width }, (_, c) => rows.map((row) => row[c]!));
}

/** The beginning of a line, fit for a message even where the file is no text. */
function printable(line: string): string {
  const text = line.slice(0, 40).replace(/[^\x20-\x7e]/g, '?');
  return line.length > 40 ? `${text}…` : text;
}
