import { createInterface } from 'node:readline';
import { runJob } from '../../index.js';
import { tinyJob } from './tiny-job.js';

/** Runs the tiny job of a folder by a call of the library for each line that comes, and says the line when it is done. */
const folder = process.argv[2]!;
for await (const line of createInterface({ input: process.stdin })) {
  await runJob(tinyJob(folder, Number(line)), { threads: 2 });
  process.stdout.write(`${line}\n`);
}
