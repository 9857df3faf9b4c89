import type { Section } from '../report.js';

/** A figure that the design or an issue asks for. */
export interface Wanted {
  /** As the design numbers it; letters are those of the issue on speed. */
  readonly row: string;
  readonly what: string;
  readonly target: { readonly atMost: number } | { readonly atLeast: number };
  /** Behind the figure; a ratio has `×`. */
  readonly unit: string;
}

/** A figure with what it was in this run; not a number where it could not be measured. */
export interface PageRow extends Wanted {
  readonly figure: number;
  /** The same ratio of processor seconds, which other work on the machine moves less. */
  readonly processor?: number;
  /** Why there is no figure. */
  readonly missing?: string;
}

/** What a part of the page has found. */
export interface Measured {
  readonly rows?: readonly PageRow[];
  /** What has no target, or more figures than one. */
  readonly tables?: readonly Section[];
}

/** What every row is measured with. */
export interface PageOptions {
  /** Folder for inputs, which several parts of the page share. */
  readonly work: string;
  /** Folder of one part for all else, which goes with its end. */
  readonly scratch: string;
  readonly rounds: number;
  readonly python: string;
  /** Of the scene, in pixels, and of the one whose memory is compared with it. */
  readonly side: number;
  readonly hugeSide: number;
  /** Numbers of things that are many: frames, images of a collection, simulated workers, sides in tiles of their image. */
  readonly frames: number;
  readonly images: number;
  readonly workers: number;
  readonly tilesAcross: number;
  /** Of the scene that a cluster works on. */
  readonly clusterSide: number;
}

/** Rows of the design by what the issue on speed calls them. */
export const LETTERS: Readonly<Record<string, string>> = {
  '1': 'd',
  '1a': 'd',
  '1b': 'c',
  '2': 'b',
  '7': 'e',
  '8': 'a',
  '9': 'f',
};

/** Rows as one table in their order, numbers first, for the terminal, RESULTS.md and README.md. */
export function pageSection(rows: readonly PageRow[]): Section {
  return {
    title: 'Targets',
    columns: ['row', 'what', 'target', 'figure', 'by processor', 'met'],
    lines: rows.toSorted((a, b) => placeOf(a.row) - placeOf(b.row)).map(lineOf),
  };
}

function placeOf(row: string): number {
  if (row === '16' || Number.isNaN(Number.parseInt(row, 10))) return 1000 + row.charCodeAt(0);
  return Number.parseInt(row, 10) * 10 + row.length;
}

/** The rows as a table in Markdown, its columns even. */
export function asTable({ columns, lines }: Section): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...lines.map((line) => line[index]!.length)));
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`;
  return [row(columns), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n');
}

function lineOf({ row, what, target, unit, figure, processor = Number.NaN, missing = '' }: PageRow): string[] {
  const measured = Number.isFinite(figure);
  const [sign, bound] = 'atMost' in target ? (['≤', target.atMost] as const) : (['≥', target.atLeast] as const);
  const met = sign === '≤' ? figure <= bound : figure >= bound;
  const wanted = Number.isNaN(bound) ? '' : `${sign} ${bound} ${unit}`;
  const name = LETTERS[row] === undefined ? row : `${row} (${LETTERS[row]})`;
  const shown = (value: number) => (Number.isFinite(value) ? `${digits(value)} ${unit}` : '');
  const verdict = measured ? (met ? 'met' : 'missed') : 'not measured';
  return [name, what, wanted, measured ? shown(figure) : missing, shown(processor), verdict];
}

function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
