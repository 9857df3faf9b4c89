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

/** What every row is measured with. */
export interface PageOptions {
  /** Folder for everything that is made. */
  readonly work: string;
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

/** Rows as one table, for the terminal, RESULTS.md and README.md. */
export function pageSection(rows: readonly PageRow[]): Section {
  return {
    title: 'Targets',
    columns: ['row', 'what', 'target', 'figure', 'by processor', 'met'],
    lines: rows.map(lineOf),
  };
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
  const met = 'atMost' in target ? figure <= target.atMost : figure >= target.atLeast;
  const wanted = 'atMost' in target ? `≤ ${target.atMost} ${unit}` : `≥ ${target.atLeast} ${unit}`;
  const shown = (value: number) => (Number.isFinite(value) ? `${digits(value)} ${unit}` : '');
  const verdict = measured ? (met ? 'met' : 'missed') : 'not measured';
  return [row, what, wanted, measured ? shown(figure) : missing, shown(processor), verdict];
}

function digits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
