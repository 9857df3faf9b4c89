import { type Command, Option } from 'commander';
import { OPERATIONS } from '../../tiling/operations/index.js';
import { addJobOptions, addRunOptions, type JobFlags, jobSpecOf, type RunFlags } from '../job-options.js';
import { runAsCommand } from '../run-command.js';

interface BlurFlags extends JobFlags, RunFlags {
  readonly map: string;
  readonly output: string;
  readonly kernel: string;
  readonly quality?: 'fast' | 'exact';
}

/** The operations that blur by a map. */
const BLUR_KERNELS = Object.values(OPERATIONS).flatMap(({ name, mapMeaning }) => (mapMeaning === 'none' ? [] : name));

/** `halotile blur IMAGE --map MAP -o OUT`: the main job. */
export function registerBlur(program: Command): void {
  const command = program
    .command('blur')
    .description('blur an image by its distance map')
    .argument('<image>', 'TIFF, PNG, JPEG, WebP or any other image')
    .requiredOption('--map <file>', 'one channel of the same size: the radius (box) or sigma of each pixel')
    .requiredOption('-o, --output <file>', 'the pyramidal tiled BigTIFF to write')
    .addOption(new Option('--kernel <name>', 'the blur').choices(BLUR_KERNELS).default('box'))
    .addOption(new Option('--quality <how>', 'of --kernel gaussian: fast or exact').choices(['fast', 'exact']));
  addRunOptions(addJobOptions(command)).action(async (image: string, flags: BlurFlags) => {
    const params: Record<string, string> = flags.quality === undefined ? {} : { quality: flags.quality };
    const operations = [{ name: flags.kernel, params }];
    await runAsCommand(jobSpecOf({ image, map: flags.map, output: flags.output, operations }, flags), flags);
  });
}
