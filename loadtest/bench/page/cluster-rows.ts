import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runLocally } from '../../../library/local-run.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { CLUSTER_SECTIONS, MACHINE } from '../cluster/cluster-sections.js';
import { scene } from '../inputs.js';
import type { Section } from '../report.js';
import type { PageOptions, PageRow } from './page-row.js';

/** The number of a section's cell, by how its line begins and by its column. */
export function cellOf({ columns, lines }: Section, begins: string, column: string): number {
  const line = lines.find(([what]) => what!.startsWith(begins));
  return Number(line?.[columns.indexOf(column)] || Number.NaN);
}

/** Rows 5 and 6: two workers against one machine, and what a coordinator hands out. */
export async function clusterRows(options: PageOptions): Promise<PageRow[]> {
  const { work, clusterSide, rounds, workers, tilesAcross } = options;
  const from = await scene(work, clusterSide);
  const root = join(work, 'cluster');
  mkdirSync(root);
  const operations = [{ name: 'box', params: { radius: 0 } }];
  for (const [image, name] of [
    [from.image, 'image.tif'],
    [from.map, 'map.tif'],
  ] as const) {
    const spec = jobSpecSchema.parse({ image, output: join(root, name), operations, overviews: false });
    await runLocally(spec, { machine: MACHINE });
  }
  const section = await CLUSTER_SECTIONS.row5({ root, side: clusterSide, rounds, inputBytes: 0, nodeFlags: [] });
  const against = (what: string, begins: string, atMost: number): PageRow => ({
    ...{ row: '5', what, target: { atMost }, unit: '×' },
    figure: cellOf(section, begins, 'ratio of wall'),
    processor: cellOf(section, begins, 'ratio of processor'),
  });
  const script = fileURLToPath(new URL('../cluster/control-plane.js', import.meta.url));
  const printed = execFileSync(process.execPath, [script, String(workers), String(tilesAcross)], { encoding: 'utf8' });
  const { tilesPerSecond } = JSON.parse(printed.trim().split('\n').at(-1)!) as { readonly tilesPerSecond: number };
  return [
    against('two workers by reference / this machine alone', 'by reference', 1.15),
    against('two workers inline, deflate / this machine alone', 'inline', 1.4),
    {
      ...{ row: '6', what: `tile tasks to ${workers} simulated workers`, target: { atLeast: 5000 }, unit: 'a second' },
      figure: tilesPerSecond,
    },
  ];
}
