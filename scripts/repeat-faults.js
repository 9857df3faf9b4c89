// The long form of the fault tests: runs them again and again, 20 rounds or as many as given, and stops at the
// first failure. Needs dist/ to be built.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const rounds = Number(process.argv[2] ?? 20);
const files = readdirSync('dist/test/faults').filter((name) => name.endsWith('.test.js'));
for (let round = 1; round <= rounds; round++) {
  console.log(`round ${round} of ${rounds}`);
  const args = ['--test', ...files.map((name) => `dist/test/faults/${name}`)];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
