/**
 * Every row of the operation table at every combination of the axes, on every backend: `npm run conformance:full`.
 * The suite itself runs a pairwise choice of these. `-- 2/5` runs the second of five parts, `-- box` only the rows of
 * that operation; both may be given.
 */
import { BACKENDS } from './backends.js';
import { caseOf, faultOfResult, untiled } from './operation-check.js';
import { allCombinations, OPERATION_TABLE } from './operation-table.js';
import { runTiled } from './operation-tiles.js';

const args = process.argv.slice(2);
const [part = 1, parts = 1] =
  args
    .find((arg) => /^\d+\/\d+$/.test(arg))
    ?.split('/')
    .map(Number) ?? [];
const names = args.filter((arg) => !arg.includes('/'));
const { reference, ...others } = BACKENDS;

const AXES_OF_IMAGE = ['dtype', 'border', 'size', 'channels', 'samples'] as const;
const images = new Map<string, ReturnType<typeof allCombinations>>();
for (const at of allCombinations()) {
  const key = JSON.stringify(AXES_OF_IMAGE.map((axis) => at[axis]));
  images.set(key, [...(images.get(key) ?? []), at]);
}

const rows = OPERATION_TABLE.filter((row) => names.length === 0 || names.includes(row.name));
const started = performance.now();
let runs = 0;
let faults = 0;
for (const [index, row] of rows.entries()) {
  const rowStarted = performance.now();
  const runsBefore = runs;
  for (const [n, tilings] of [...images.values()].entries()) {
    if (n % parts !== part - 1) continue;
    // One image and one untiled reference for all tilings and backends.
    const example = caseOf(row, tilings[0]!, index * 1000 + n);
    const expected = untiled(example);
    for (const at of tilings) {
      for (const [backend, kernels] of Object.entries({ reference, ...others })) {
        const kernel = kernels?.[row.name];
        // Such a tiling of the reference is the untiled image.
        const isWhole = backend === 'reference' && at.tile.width >= at.size.width && at.tile.height >= at.size.height;
        if (kernel === undefined || isWhole) continue;
        runs++;
        const bound = backend === 'reference' ? 0 : undefined;
        const fault = faultOfResult(row, at, { whole: expected, tiled: runTiled(example, at.tile, kernel) }, bound);
        if (fault === undefined) continue;
        faults++;
        console.error(`${backend}: ${fault}`);
      }
    }
  }
  const seconds = ((performance.now() - rowStarted) / 1000).toFixed(1);
  const title = `${row.name} ${JSON.stringify(row.params)}`;
  console.log(`${index + 1}/${rows.length} ${title}: ${runs - runsBefore} combinations in ${seconds} s`);
}
const minutes = ((performance.now() - started) / 60000).toFixed(1);
console.log(`${runs} combinations, ${faults} faults, ${minutes} minutes`);
process.exitCode = faults === 0 ? 0 : 1;
