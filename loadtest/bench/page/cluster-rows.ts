import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runLocally } from '../../../library/local-run.js';
import { jobSpecSchema } from '../../../tiling/job/job-spec.js';
import { CLUSTER_SECTIONS, type ClusterBenchOptions, MACHINE } from '../cluster/cluster-sections.js';
import { scene } from '../inputs.js';
import type { Section } from '../report.js';
import type { Measured, PageOptions, PageRow } from './page-row.js';

/** The number of a section's cell, by how its line begins and by its column. */
export function cellOf({ columns, lines }: Section, begins: string, column: string): number {
  const line = lines.find(([what]) => what!.startsWith(begins));
  return Number(line?.[columns.indexOf(column)] || Number.NaN);
}

/** A folder with both files of a scene, deflated. */
async function clusterRoot({ work, scratch, clusterSide }: PageOptions): Promise<ClusterBenchOptions['root']> {
  const from = await scene(work, clusterSide);
  const root = join(scratch, 'cluster');
  mkdirSync(root);
  const operations = [{ name: 'box', params: { radius: 0 } }];
  for (const [image, name] of [
    [from.image, 'image.tif'],
    [from.map, 'map.tif'],
  ] as const) {
    const spec = jobSpecSchema.parse({ image, output: join(root, name), operations, overviews: false });
    await runLocally(spec, { machine: MACHINE });
  }
  return root;
}

/** Row 5: two workers against one machine; one, two and four workers, by reference and inline. */
export async function workerRows(options: PageOptions): Promise<Measured> {
  const { clusterSide, rounds } = options;
  const bench = { root: await clusterRoot(options), side: clusterSide, rounds, inputBytes: 0, nodeFlags: [] };
  const section = await CLUSTER_SECTIONS.row5(bench);
  const against = (what: string, begins: string, atMost: number): PageRow => ({
    ...{ row: '5', what, target: { atMost }, unit: '×' },
    figure: cellOf(section, begins, 'ratio of wall'),
    processor: cellOf(section, begins, 'ratio of processor'),
  });
  return {
    rows: [
      against('two workers by reference / this machine alone', 'by reference', 1.15),
      against('two workers inline, deflate / this machine alone', 'inline', 1.4),
    ],
    tables: [await CLUSTER_SECTIONS.workers(bench), await CLUSTER_SECTIONS.inlineWorkers(bench)],
  };
}

/** Row 6: what a coordinator hands out. */
export function controlRows({ workers, tilesAcross }: PageOptions): Measured {
  const script = fileURLToPath(new URL('../cluster/control-plane.js', import.meta.url));
  const printed = execFileSync(process.execPath, [script, String(workers), String(tilesAcross)], { encoding: 'utf8' });
  const { tilesPerSecond } = JSON.parse(printed.trim().split('\n').at(-1)!) as { readonly tilesPerSecond: number };
  const what = `tile tasks to ${workers} simulated workers`;
  return { rows: [{ row: '6', what, target: { atLeast: 5000 }, unit: 'a second', figure: tilesPerSecond }] };
}
