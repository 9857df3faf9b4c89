// Seeded fault schedules, one after the other, on one cluster: FIRST [LAST] [MINUTES]. Stops at the first that fails, with
// what coordinators and workers said; a seed alone repeats one.
import { faultSchedule } from './fault-schedule.js';
import { FaultedCluster } from './faulted-cluster.js';
import { runSchedule } from './run-schedule.js';

const [first = 1, last = first, minutes = Number.POSITIVE_INFINITY] = process.argv.slice(2).map(Number);
const started = performance.now();
const elapsedSeconds = () => (performance.now() - started) / 1000;
const cluster = await FaultedCluster.start();
let seed = first;
try {
  for (; seed <= last && elapsedSeconds() < minutes * 60; seed++) {
    const schedule = faultSchedule(seed);
    const from = performance.now();
    cluster.log = '';
    await runSchedule(cluster, schedule);
    const what = schedule.faults.map(({ kind }) => kind).join(', ');
    process.stdout.write(`seed ${seed}: ${((performance.now() - from) / 1000).toFixed(1)} s  ${what}\n`);
  }
  process.stdout.write(
    `${seed - first} schedules, seeds ${first} to ${seed - 1}, in ${elapsedSeconds().toFixed(0)} s\n`,
  );
} catch (error) {
  process.stdout.write(`${JSON.stringify(faultSchedule(seed))}\n${cluster.log}\n${(error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  await cluster.close();
}
