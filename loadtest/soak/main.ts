import { growthOf, type Sample } from './growth.js';
import { type Soak, soakCluster, soakLibrary } from './soak.js';

/**
 * `npm run soak [-- MINUTES]`: runs tiny jobs for 30 minutes, half of them on a cluster and half by calls of the
 * library, prints what each process holds as it goes, and ends with 1 where descriptors or memory grew by a tenth.
 */
const minutes = Number(process.argv[2] ?? 30);
const MAX_GROWTH = 0.1;
const EVERY_JOBS = 250;
const MIB = 2 ** 20;

let failed = false;
for (const [name, run] of Object.entries({ cluster: soakCluster, library: soakLibrary })) {
  const start = performance.now();
  const until = start + (minutes / 2) * 60_000;
  const soak = await run({
    goesOn: () => performance.now() < until,
    every: EVERY_JOBS,
    onSample: (process_, sample) => say(process_, sample, start),
  });
  judge(name, soak);
}
process.exitCode = failed ? 1 : 0;

function say(name: string, { jobs, descriptors, residentBytes, cpuSeconds }: Sample, start: number): void {
  const perSecond = (jobs / (performance.now() - start)) * 1000;
  process.stdout.write(
    `${name}: ${jobs} jobs, ${perSecond.toFixed(1)} a second, ${descriptors} descriptors, ` +
      `${(residentBytes / MIB).toFixed(0)} MiB, ${((cpuSeconds / jobs) * 1000).toFixed(1)} ms of processor time a job\n`,
  );
}

function judge(name: string, soak: Soak): void {
  let perJob = 0;
  for (const [process_, samples] of soak) {
    const grown = growthOf(samples);
    const [first, last] = [samples[Math.floor(samples.length / 3)]!, samples.at(-1)!];
    perJob += (last.cpuSeconds - first.cpuSeconds) / (last.jobs - first.jobs);
    const shares = Object.entries(grown).map(([what, share]) => `${what} ${(share * 100).toFixed(1)} %`);
    process.stdout.write(`${process_} grew: ${shares.join(', ')}\n`);
    if (Object.values(grown).some((share) => !(share <= MAX_GROWTH))) failed = true;
  }
  process.stdout.write(`${name}: ${(perJob * 1000).toFixed(1)} ms of processor time a job once warm\n`);
}
