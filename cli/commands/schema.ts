import type { Command } from 'commander';
import { jobFileSchema } from '../../tiling/job/job-file-schema.js';

/** `halotile schema`: what editors check and complete job files by. */
export function registerSchema(program: Command): void {
  program.command('schema').action(() => {
    process.stdout.write(`${JSON.stringify(jobFileSchema(), null, 2)}\n`);
  });
}
