import { type Command, Option } from 'commander';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { meansCollection, runCollectionAsCommand } from '../collection-run.js';
import {
  addJobOptions,
  addRunOptions,
  collectionSpecOf,
  type JobFlags,
  jobSpecOf,
  type RunFlags,
} from '../job-options.js';
import { runAsCommand } from '../run-command.js';
import { IMAGES_HELP, OUTPUT_HELP } from './process.js';

interface BlurFlags extends JobFlags, RunFlags {
  readonly map: string;
  readonly output: string;
  readonly kernel: string;
  readonly quality?: 'fast' | 'exact';
}

/** The operations that blur by a map. */
const BLUR_KERNELS = Object.values(OPERATIONS).flatMap(({ name, mapMeaning }) => (mapMeaning === 'none' ? [] : name));

/** `halotile blur IMAGE --map MAP -o OUT`: the main job; of many images with patterns and names in braces. */
export function registerBlur(program: Command): void {
  const command = program
    .command('blur')
    .description('blur an image, or each of many, by its distance map')
    .argument('<images...>', IMAGES_HELP)
    .requiredOption('--map <file>', 'one channel of the same size: the radius (box) or sigma of each pixel')
    .requiredOption('-o, --output <file>', OUTPUT_HELP)
    .addOption(new Option('--kernel <name>', 'the blur').choices(BLUR_KERNELS).default('box'))
    .addOption(new Option('--quality <how>', 'of --kernel gaussian: fast or exact').choices(['fast', 'exact']));
  addRunOptions(addJobOptions(command)).action(async (images: string[], flags: BlurFlags) => {
    const params: Record<string, string> = flags.quality === undefined ? {} : { quality: flags.quality };
    const operations = [{ name: flags.kernel, params }];
    const { map, output, onError } = flags;
    if (meansCollection(images, flags)) {
      return runCollectionAsCommand(collectionSpecOf({ images, map, output, operations, onError }, flags), flags);
    }
    await runAsCommand(jobSpecOf({ image: images[0]!, map, output, operations }, flags), flags);
  });
}
