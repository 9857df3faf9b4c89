import type { Command } from 'commander';
import { parseOperation } from '../../library/parse-operation.js';
import type { JobSpecInput } from '../../tiling/job/job-spec.js';
import { addJobOptions, addRunOptions, type JobFlags, jobSpecOf, type RunFlags } from '../job-options.js';
import { runAsCommand } from '../run-command.js';

type ProcessFlags = JobFlags & RunFlags & { map?: string; output: string; op: JobSpecInput['operations'] };

/** `halotile process IMAGE -o OUT --op NAME:k=v,… --op …`: any chain of operations. */
export function registerProcess(program: Command): void {
  const command = program
    .command('process')
    .description('run a chain of operations over an image')
    .argument('<image>', 'TIFF, PNG, JPEG, WebP or any other image')
    .requiredOption('-o, --output <file>', 'the pyramidal tiled BigTIFF to write')
    .requiredOption(
      '--op <name[:k=v,…]>',
      'an operation, repeated for a chain; `halotile operations` lists them',
      collectOperations,
    )
    .option('--map <file>', 'one channel of the same size, for operations by map');
  addRunOptions(addJobOptions(command)).action(async (image: string, flags: ProcessFlags) => {
    const { map, output, op } = flags;
    await runAsCommand(jobSpecOf({ image, map, output, operations: op }, flags), flags);
  });
}

/** Gathers repeated `--op` flags. */
export function collectOperations(text: string, earlier: JobSpecInput['operations'] = []): JobSpecInput['operations'] {
  return [...earlier, parseOperation(text)];
}
