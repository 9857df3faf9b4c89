import { type Command, Option } from 'commander';
import { badUsage } from '../../tiling/errors.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import {
  addRunOptions,
  collectionSpecOf,
  integer,
  type JobFlags,
  jobSpecOf,
  orientOption,
  page,
  type RunFlags,
} from '../job-options.js';
import { meansCollection } from '../means-collection.js';
import { isPipe, refusePipesOfMany, runWithPipes } from '../pipes.js';
import { collectOperations } from './process.js';

/** What standard output may be. */
const TABLES = ['csv', 'jsonl', 'parquet'] as const;

type MeasureFlags = JobFlags &
  RunFlags & { output: string; op?: JobSpecInput['operations']; format?: (typeof TABLES)[number] };

/** `halotile measure LABELS [IMAGE…] -o TABLE`: figures of each label, and of images under it. */
export function registerMeasure(program: Command): void {
  const command = program
    .command('measure')
    .argument(
      '<labels>',
      'an image of labels, as --op label makes it: one channel of whole numbers, 0 for none; - for standard input; many: a pattern, a folder or a manifest',
    )
    .argument('[images...]', 'images of the same size, measured under each label; of many, names with {name}')
    .requiredOption(
      '-o, --output <file>',
      'the table to write: .csv, .jsonl or .parquet; - for standard output; of many, a name with {name}',
    )
    .addOption(new Option('--format <which>', 'of standard output, with -o - (default: csv)').choices(TABLES))
    .option(
      '--op <name[:k=v,…]>',
      'an operation that makes the labels of an image, repeated for a chain',
      collectOperations,
    )
    .option('--page <N>', 'which image of a file of several, from 1; all, or 1-3,7', page)
    .addOption(orientOption())
    .option('--threads <N>', 'threads that measure (default: one for each core)', integer)
    .option('--memory <MiB>', 'resident memory to stay within (default: 256 for each thread, at least 512)', integer);
  addRunOptions(command).action(async (labels: string, images: string[], flags: MeasureFlags) => {
    const { output, op: operations = [], onError } = flags;
    const measure = { images };
    if (images.some(isPipe)) throw badUsage({ what: '- for an image', expected: 'the labels from standard input' });
    if (await meansCollection([labels], flags)) {
      refusePipesOfMany([labels], flags);
      const { runCollectionAsCommand } = await import('../collection-run.js');
      const job = collectionSpecOf({ images: [labels], output, operations, measure, onError }, flags);
      return runCollectionAsCommand(job, flags);
    }
    const format = flags.format ?? (isPipe(output) ? TABLES[0] : undefined);
    await runWithPipes({ image: labels, output }, { ...flags, format }, ({ image, output: table }) =>
      jobSpecOf({ image, output: table, operations, measure }, flags),
    );
  });
}
