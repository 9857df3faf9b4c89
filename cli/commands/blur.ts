import { type Command, Option } from 'commander';
import { isManifest } from '../../coordinator/find/manifest-name.js';
import { badUsage } from '../../tiling/errors.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { OPERATIONS } from '../../tiling/operations/index.js';
import {
  addJobOptions,
  addRunOptions,
  collectionSpecOf,
  isMaskUse,
  type JobFlags,
  jobSpecOf,
  type RunFlags,
} from '../job-options.js';
import { meansCollection } from '../means-collection.js';
import { formatOption, type PipeFlags, refusePipesOfMany, runWithPipes } from '../pipes.js';
import { collectOperations, IMAGES_HELP, OUTPUT_HELP } from './process.js';

interface BlurFlags extends JobFlags, RunFlags, PipeFlags {
  readonly map?: string;
  readonly distanceFrom?: 'white' | 'black';
  readonly maskOp?: JobSpecInput['operations'];
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
    .argument('<images...>', IMAGES_HELP)
    .option('--map <file>', 'one channel of the same size: the radius (box) or sigma of each pixel')
    .addOption(
      new Option(
        '--distance-from <colour>',
        'make the map: how far each pixel is from the white or black ones of --mask FILE, or of the image itself',
      ).choices(['white', 'black']),
    )
    .option('--mask-op <name[:k=v,…]>', 'an operation over the mask before distances are taken', collectOperations)
    .requiredOption('-o, --output <file>', OUTPUT_HELP)
    .addOption(formatOption())
    .addOption(new Option('--kernel <name>', 'the blur').choices(BLUR_KERNELS).default('box'))
    .addOption(new Option('--quality <how>', 'of --kernel gaussian: fast or exact').choices(['fast', 'exact']));
  addRunOptions(addJobOptions(command)).action(async (images: string[], flags: BlurFlags) => {
    const params: Record<string, string> = flags.quality === undefined ? {} : { quality: flags.quality };
    const operations = [{ name: flags.kernel, params }];
    const { output, onError } = flags;
    const many = await meansCollection(images, flags);
    // A manifest may have a map for each image.
    const { map, mapOperations, mask } = mapOf(flags, many && images.some(isManifest));
    const rest = { ...flags, mask };
    const base = { map, mapOperations, output, operations };
    if (many) {
      refusePipesOfMany(images, { map, output, format: flags.format });
      const { runCollectionAsCommand } = await import('../collection-run.js');
      return runCollectionAsCommand(collectionSpecOf({ images, onError, ...base }, rest), flags);
    }
    await runWithPipes({ image: images[0]!, map, output }, flags, (names) => jobSpecOf({ ...base, ...names }, rest));
  });
}

/** Where the map comes from: a file, distances from a mask, or of many images their manifest. */
function mapOf(
  { map, distanceFrom, maskOp, mask }: BlurFlags,
  fromManifest: boolean,
): Pick<JobSpecInput, 'map' | 'mapOperations'> & Pick<JobFlags, 'mask'> {
  const file = mask === undefined || isMaskUse(mask) ? undefined : mask;
  if (distanceFrom === undefined) {
    if ((map !== undefined || fromManifest) && maskOp === undefined) return { map, mask };
    throw badUsage({
      what: map === undefined ? 'no map' : '--mask-op without --distance-from',
      expected: '--map FILE, or --distance-from white|black with --mask FILE or a mask made by --mask-op',
    });
  }
  if (map !== undefined) throw badUsage({ what: '--map with --distance-from', expected: 'one of the two' });
  if (file === undefined && maskOp === undefined) {
    throw badUsage({
      what: '--distance-from without a mask',
      expected: '--mask FILE, or --mask-op over the image itself',
    });
  }
  const distance = { name: 'distance', params: { from: distanceFrom } };
  return {
    ...(file !== undefined && { map: file }),
    mapOperations: [...(maskOp ?? []), distance],
    ...(file === undefined && { mask }),
  };
}
