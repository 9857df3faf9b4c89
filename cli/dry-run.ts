import { checkedDataset, checkedOutput, planCollection } from '../coordinator/index.js';
import { planJob } from '../library/plan-job.js';
import { planTable } from '../library/plan-table.js';
import { badUsage } from '../tiling/errors.js';
import type { CollectionSpec } from '../tiling/job/collection-spec.js';
import type { DatasetSpec } from '../tiling/job/dataset-spec.js';
import { inputPaths } from '../tiling/job/job-inputs.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { isS3Url } from '../tiling/places/url.js';
import { describePlan } from './describe-plan.js';
import { describeTablePlan } from './describe-table-plan.js';
import { counted, formatWhole } from './format.js';
import type { RunFlags } from './job-options.js';

type DryRunFlags = Pick<RunFlags, 'json' | 'quiet' | 'coordinator'> & {
  readonly threads?: number;
  readonly memory?: number;
};

/** Images and characters that are listed for people; `--json` has them all. */
const LISTED = 20;

/** Says what the job of one image would do, and writes nothing. @throws HalotileError as the job before its first tile */
export async function dryRunImage(spec: JobSpec, flags: DryRunFlags & Pick<RunFlags, 'backend'>): Promise<void> {
  refuseCoordinator(flags);
  if (!isS3Url(spec.output)) checkedOutput(spec.output, inputPaths(spec));
  if (spec.measure !== undefined) {
    const plan = await planTable(spec, flags, { backend: flags.backend });
    print(flags, { output: spec.output, ...plan }, () => `${spec.output}\n${describeTablePlan(plan)}`);
    return;
  }
  const plan = await planJob(spec, flags, { backend: flags.backend });
  print(
    flags,
    { ...plan, output: { path: spec.output, ...plan.output } },
    () => `${spec.output}\n${describePlan(plan)}`,
  );
}

/** Says which images would become which outputs. @throws HalotileError where the job would stop at one */
export async function dryRunCollection(
  job: CollectionSpec,
  flags: DryRunFlags & Pick<RunFlags, 'shard'>,
): Promise<void> {
  refuseCoordinator(flags);
  const planned = await planCollection(job, { date: new Date().toISOString().slice(0, 10), shard: flags.shard });
  const { output, images, faults } = planned;
  print(flags, planned, () => {
    const done = images.filter((image) => image.done).length;
    const kept = done === 0 ? '' : `, ${formatWhole(done)} of them as earlier runs left them`;
    return [
      `${output}: ${counted(images.length, 'image')}${kept}`,
      ...listed(images, (each) => `  ${each.image} → ${each.output}${each.map === undefined ? '' : ` by ${each.map}`}`),
      ...listed(faults, ({ message }) => `  not: ${message}`),
    ];
  });
}

/** Says which characters have how many frames. @throws HalotileError as the job before its first frame */
export async function dryRunDataset(job: DatasetSpec, flags: DryRunFlags): Promise<void> {
  refuseCoordinator(flags);
  const staged = async () => (await import('../coordinator/dataset/store-dataset.js')).datasetStaging(job.output);
  const dataset = await checkedDataset(isS3Url(job.output) ? { ...job, output: await staged() } : job);
  const characters = Array.from(dataset.characters, ({ name, frames }) => ({ name, frames: frames.length }));
  const frames = characters.reduce((sum, each) => sum + each.frames, 0);
  print(flags, { output: job.output, frames, characters }, () => [
    `${job.output}: ${counted(frames, 'frame')} of ${counted(characters.length, 'character')}`,
    ...listed(characters, (each) => `  ${each.name}: ${counted(each.frames, 'frame')}`),
  ]);
}

function print(flags: DryRunFlags, result: object, text: () => string | readonly string[]): void {
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else if (!flags.quiet) {
    const said = text();
    const lines = typeof said === 'string' ? said.trimEnd() : said.join('\n');
    process.stdout.write(`${lines}\nnothing was written: --dry-run\n`);
  }
}

function listed<T>(all: readonly T[], line: (each: T) => string): string[] {
  const rest = all.length - LISTED;
  return [...all.slice(0, LISTED).map(line), ...(rest > 0 ? [`  and ${formatWhole(rest)} more`] : [])];
}

function refuseCoordinator({ coordinator }: DryRunFlags): void {
  if (coordinator === undefined) return;
  throw badUsage({
    what: '--dry-run with --coordinator',
    expected: 'one of them: what is planned is a run on this machine',
  });
}
