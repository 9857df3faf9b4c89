// The long form of the fault tests: rounds of all of them (3, or as many as given), then seeded fault schedules for so many
// minutes (20) from a seed on (1). Stops at the first failure. Needs dist/ to be built.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const [rounds = 3, minutes = 20, seed = 1] = process.argv.slice(2).map(Number);
const files = readdirSync('dist/test/faults').filter((name) => name.endsWith('.test.js'));

function run(...args) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round} of ${rounds}`);
  run('--test', ...files.map((name) => `dist/test/faults/${name}`));
}
run('dist/test/faults/schedules/main.js', String(seed), String(Number.MAX_SAFE_INTEGER), String(minutes));
