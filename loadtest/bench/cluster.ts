// The cluster on one machine, ratios taken in one run:
// npm run bench:cluster -- [--rows row5,workers,threads,wire,control,watched] [--side N] [--rounds N] [--record] [--note TEXT]
// [--cpu-prof DIR]
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makeDemoScene } from '../../cli/demo/scene.js';
import { runLocally } from '../../library/local-run.js';
import { jobSpecSchema } from '../../tiling/job/job-spec.js';
import { CLUSTER_SECTIONS, type ClusterSectionName, MACHINE } from './cluster/cluster-sections.js';
import { describeMachine } from './machine.js';
import { printSection, recordSections, type Section } from './report.js';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: 'row5,workers,threads,wire,control' },
    side: { type: 'string', default: '6000' },
    rounds: { type: 'string', default: '3' },
    record: { type: 'boolean', default: false },
    note: { type: 'string' },
    'cpu-prof': { type: 'string' },
  },
});
const names = values.rows.split(',');
const unknown = names.find((name) => !Object.hasOwn(CLUSTER_SECTIONS, name));
if (unknown !== undefined) {
  process.stderr.write(`bench: no row '${unknown}'; there are ${Object.keys(CLUSTER_SECTIONS).join(', ')}\n`);
  process.exit(2);
}
const side = Number(values.side);
const rounds = Number(values.rounds);
const directory = mkdtempSync(join(tmpdir(), 'halotile-bench-cluster-'));
const root = join(directory, 'data');
mkdirSync(root);
try {
  console.log(`${describeMachine()}\nscene of ${side}×${side} pixels, ${rounds} rounds\n`);
  const size = { width: side, height: side };
  const scene = await makeDemoScene({ directory: root, size, seed: 1, threads: MACHINE.threads });
  // The inputs are compressed too.
  for (const [from, to] of [
    [scene.image, 'image.tif'],
    [scene.map, 'map.tif'],
  ] as const) {
    const operations = [{ name: 'box', params: { radius: 0 } }];
    const output = join(root, to);
    await runLocally(jobSpecSchema.parse({ image: from, output, operations, overviews: false }), { machine: MACHINE });
  }
  const inputBytes = ['image.tif', 'map.tif'].reduce((sum, name) => sum + statSync(join(root, name)).size, 0);
  const profile = values['cpu-prof'];
  const nodeFlags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const sections: Section[] = [];
  for (const name of names as ClusterSectionName[]) {
    const section = await CLUSTER_SECTIONS[name]({ root, side, rounds, inputBytes, nodeFlags });
    printSection(section);
    sections.push(section);
  }
  const same = ['reference.tif', 'inline.tif'].every(
    (name) => !names.includes('row5') || readFileSync(join(root, name)).equals(readFileSync(join(root, 'local.tif'))),
  );
  if (!same) throw new Error('the outputs differ');
  if (values.record) recordSections(sections, { side, rounds, note: values.note });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
