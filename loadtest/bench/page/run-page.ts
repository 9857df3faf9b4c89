import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Section } from '../report.js';
import { asTable, LETTERS, type Measured, type PageOptions, type PageRow, pageSection } from './page-row.js';
import { PARTS, type Part } from './parts.js';

const EVERYDAY_SIDE = 15_000;

/** What a page is measured with that follows from its size. */
type PageSizes = Omit<PageOptions, 'work' | 'scratch' | 'rounds' | 'python'>;

/**
 * `quick` is a trial of the page itself, a smaller `side` than the everyday one a shorter run, whose huge image is smaller
 * by as much.
 */
export function pageSizes(quick: boolean, side = EVERYDAY_SIDE): PageSizes {
  if (quick) {
    return { side: 1000, hugeSide: 2000, frames: 30, images: 30, workers: 10, tilesAcross: 16, clusterSide: 1000 };
  }
  return {
    ...{ side, hugeSide: 4 * side, frames: 3000, images: 10_000, workers: 1000, tilesAcross: 256 },
    clusterSide: Math.min(6000, side),
  };
}

/** The parts that have one of some rows, named as the design or the issue does; all of them where none is named. */
export function partsOf(rows: readonly string[] | undefined): readonly Part[] {
  if (rows === undefined) return PARTS;
  return PARTS.filter(({ names }) => names.some((name) => rows.includes(name) || rows.includes(LETTERS[name] ?? name)));
}

/** Every name that {@link partsOf} knows. */
export function rowNames(): string[] {
  return [...new Set([...PARTS.flatMap(({ names }) => names), ...Object.values(LETTERS)])];
}

/** What parts will take, in seconds; two cores, nothing else running. */
export function expectedSeconds(parts: readonly Part[], { side }: Pick<PageOptions, 'side'>): number {
  return parts.reduce((sum, { seconds }) => sum + seconds.fixed + seconds.scene * (side / EVERYDAY_SIDE) ** 2, 0);
}

/**
 * The sections of the page: the targets first. What is found is printed as it comes; a part that fails is said in its row,
 * and the others go on.
 */
export async function runPage(parts: readonly Part[], options: Omit<PageOptions, 'scratch'>): Promise<Section[]> {
  const rows: PageRow[] = [];
  const tables: Section[] = [];
  for (const part of parts) {
    const startMs = performance.now();
    const found = await measured(part, { ...options, scratch: join(options.work, 'scratch') });
    rows.push(...(found.rows ?? []));
    tables.push(...(found.tables ?? []));
    const taken = `${part.names.join(', ')}: ${((performance.now() - startMs) / 1000).toFixed(0)} s`;
    console.log([`\n${taken}`, ...(found.rows ? [asTable(pageSection(found.rows))] : [])].join('\n\n'));
    for (const table of found.tables ?? []) console.log(`\n${table.title}\n\n${asTable(table)}`);
  }
  const targets = pageSection(rows);
  console.log(`\n${targets.title}\n\n${asTable(targets)}`);
  return [targets, ...tables];
}

async function measured({ names, measure }: Part, options: PageOptions): Promise<Measured> {
  rmSync(options.scratch, { recursive: true, force: true });
  mkdirSync(options.scratch);
  try {
    return await measure(options);
  } catch (error) {
    // Results are kept: they name no place of this machine, and bars end cells.
    const why = (error as Error).message.trim().split('\n').at(-1)!.replaceAll(/\S*\//g, '').replaceAll('|', ' ');
    const row = { row: names[0]!, what: 'could not be measured', target: { atMost: Number.NaN }, unit: '' };
    return { rows: [{ ...row, figure: Number.NaN, missing: why.slice(0, 200) }] };
  } finally {
    rmSync(options.scratch, { recursive: true, force: true });
  }
}
