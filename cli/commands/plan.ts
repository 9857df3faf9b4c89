import { type Command, Option } from 'commander';
import { BACKENDS, type BackendChoice } from '../../library/executor.js';
import { planJob } from '../../library/plan-job.js';
import { planTable } from '../../library/plan-table.js';
import type { JobSpec, JobSpecInput } from '../../tiling/job/job-spec.js';
import { describePlan } from '../describe-plan.js';
import { describeTablePlan } from '../describe-table-plan.js';
import { addJobOptions, type JobFlags, jobSpecOf } from '../job-options.js';
import { isPipe } from '../pipes.js';
import { collectOperations } from './process.js';
import { readImageJobFile } from './run.js';

interface PlanFlags extends JobFlags {
  readonly map?: string;
  readonly op?: JobSpecInput['operations'];
  readonly scan?: boolean;
  readonly backend: BackendChoice;
  readonly json?: boolean;
}

/** `halotile plan …`: what a job would do, before it does it. */
export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .argument('<image-or-job>', 'an image, or the .yaml, .yml or .json file of a job; - for one on standard input')
    .option('--map <file>', 'one channel of the same size, for operations by map')
    .option('--op <name[:k=v,…]>', 'an operation; repeat it for a chain (default: box by map)', collectOperations)
    .option('--scan', 'read the map for exact figures instead of bounds, and time one tile')
    .addOption(new Option('--backend <which>', 'the processor or GPU to plan for').choices(BACKENDS).default('wasm'))
    .option('--json', 'print one JSON object');
  addJobOptions(command).action(async (target: string, flags: PlanFlags) => {
    const spec = specOf(target, flags);
    if (spec.measure !== undefined) {
      const table = await planTable(spec, flags, flags);
      process.stdout.write(flags.json ? `${JSON.stringify(table)}\n` : describeTablePlan(table));
      return;
    }
    const report = await planJob(spec, flags, flags);
    process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : describePlan(report));
  });
}

function specOf(target: string, flags: PlanFlags): JobSpec {
  if (isPipe(target) || /\.(ya?ml|json)$/i.test(target)) return readImageJobFile(target);
  const operations = flags.op ?? [{ name: 'box' }];
  return jobSpecOf({ image: target, map: flags.map, output: `${target}.planned.tif`, operations }, flags);
}
