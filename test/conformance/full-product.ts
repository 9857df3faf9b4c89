/**
 * Every row of the operation table at every combination of the axes, on every backend: `npm run
 * conformance:full`. The suite itself runs a pairwise choice of these.
 */
import { BACKENDS } from './backends.js';
import { faultOf } from './operation-check.js';
import { allCombinations, OPERATION_TABLE } from './operation-table.js';

const combinations = allCombinations();
let runs = 0;
let faults = 0;
for (const [backend, kernels] of Object.entries(BACKENDS)) {
  for (const row of OPERATION_TABLE) {
    const kernel = kernels[row.name];
    if (kernel === undefined) continue;
    for (const at of combinations) {
      const fault = faultOf(row, at, kernel, runs++);
      if (fault === undefined) continue;
      faults++;
      console.error(`${backend}: ${fault}`);
    }
  }
}
console.log(`${runs} combinations, ${faults} faults`);
process.exitCode = faults === 0 ? 0 : 1;
