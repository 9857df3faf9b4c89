import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.js';

/** Compiled files lie in dist/loadtest/bench, results in loadtest/bench. */
const RESULTS = join(fileURLToPath(new URL('../../../loadtest/bench/', import.meta.url)), 'RESULTS.md');

/** One table of results. */
export interface Section {
  readonly title: string;
  readonly columns: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** Prints a section as a table on the terminal. */
export function printSection({ title, columns, lines }: Section): void {
  console.log(title);
  console.table(lines.map((line) => Object.fromEntries(columns.map((column, index) => [column, line[index]]))));
}

/** Appends a run with its date and machine to the results that the repository keeps. */
export function recordSections(
  sections: readonly Section[],
  {
    side,
    scene = `Scene of ${side}×${side} pixels`,
    rounds,
    note,
  }: { readonly side?: number; readonly scene?: string; readonly rounds: number; readonly note?: string },
): void {
  const date = new Date().toISOString().slice(0, 10);
  const about = `${scene}, ${rounds} rounds.${note === undefined ? '' : ` ${note}`}`;
  const text = [`\n## ${date}: ${describeMachine()}`, about, ...sections.map(asMarkdown)];
  appendFileSync(RESULTS, `${text.join('\n\n')}\n`);
}

function asMarkdown({ title, columns, lines }: Section): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [`### ${title}`, '', row(columns), row(columns.map(() => '---')), ...lines.map(row)].join('\n');
}
