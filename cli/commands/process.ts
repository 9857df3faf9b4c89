import type { Command } from 'commander';
import { parseOperation } from '../../library/parse-operation.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import {
  addJobOptions,
  addRunOptions,
  collectionSpecOf,
  type JobFlags,
  jobSpecOf,
  type RunFlags,
} from '../job-options.js';
import { meansCollection } from '../means-collection.js';
import { formatOption, type PipeFlags, refusePipesOfMany, runWithPipes } from '../pipes.js';

/** What the commands that filter take. */
export const IMAGES_HELP =
  'TIFF, PNG, JPEG, WebP or any other image, - from standard input; many: files, patterns, a folder, or a manifest (.csv, .yaml, .json)';
/** What they write. */
export const OUTPUT_HELP =
  'what to write, by its ending: .tif, .ome.tif, .png, .jpg, .webp, .dzi or .zarr (halotile help formats), or - to standard output; of many images a folder, or a name like out/{name}.tif ({name} {stem} {ext} {dir} {page} {date}, in --map too)';

type ProcessFlags = JobFlags & RunFlags & PipeFlags & { map?: string; output: string; op: JobSpecInput['operations'] };

/** `halotile process IMAGE -o OUT --op NAME:k=v,… --op …`: any chain of operations. */
export function registerProcess(program: Command): void {
  const command = program
    .command('process')
    .argument('<images...>', IMAGES_HELP)
    .requiredOption('-o, --output <file>', OUTPUT_HELP)
    .addOption(formatOption())
    .requiredOption(
      '--op <name[:k=v,…]>',
      'an operation, repeated for a chain; `halotile operations` lists them',
      collectOperations,
    )
    .option('--map <file>', 'one channel of the same size, for operations by map');
  addRunOptions(addJobOptions(command)).action(async (images: string[], flags: ProcessFlags) => {
    const { map, output, op: operations, onError } = flags;
    if (await meansCollection(images, flags)) {
      refusePipesOfMany(images, flags);
      const { runCollectionAsCommand } = await import('../collection-run.js');
      return runCollectionAsCommand(collectionSpecOf({ images, map, output, operations, onError }, flags), flags);
    }
    await runWithPipes({ image: images[0]!, map, output }, flags, (names) =>
      jobSpecOf({ ...names, operations }, flags),
    );
  });
}

/** Gathers repeated `--op` flags. */
export function collectOperations(text: string, earlier: JobSpecInput['operations'] = []): JobSpecInput['operations'] {
  return [...earlier, parseOperation(text)];
}
