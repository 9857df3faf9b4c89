import { type Command, Option } from 'commander';
import { addJobOptions, addRunOptions, type JobFlags, jobSpecOf, type RunFlags } from '../job-options.js';
import { runAsCommand } from '../run-command.js';

type BlurFlags = JobFlags & RunFlags & { readonly map: string; readonly output: string; readonly kernel: string };

/** `halotile blur IMAGE --map MAP -o OUT`: the main job. */
export function registerBlur(program: Command): void {
  const command = program
    .command('blur')
    .description('blur an image by its distance map')
    .argument('<image>', 'TIFF, PNG, JPEG, WebP or any other image')
    .requiredOption('--map <file>', 'one channel of the same size: the radius or sigma of each pixel')
    .requiredOption('-o, --output <file>', 'the pyramidal tiled BigTIFF to write')
    .addOption(new Option('--kernel <name>', 'the blur').choices(BLUR_KERNELS).default('box'));
  addRunOptions(addJobOptions(command)).action(async (image: string, flags: BlurFlags) => {
    const operations = [{ name: flags.kernel }];
    await runAsCommand(jobSpecOf({ image, map: flags.map, output: flags.output, operations }, flags), flags);
  });
}

/** The operations that blur by a map. */
const BLUR_KERNELS = ['box'];
