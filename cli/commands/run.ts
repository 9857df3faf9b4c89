import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { badUsage } from '../../tiling/errors.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { isClusterName } from '../endpoint-options.js';
import { addRunOptions, integer, type JobFlags, parseJobSpec, type RunFlags } from '../job-options.js';
import { runAsCommand } from '../run-command.js';

/** `halotile run JOB.yaml`: any job from a file. */
export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('run the job that a YAML or JSON file describes')
    .argument('<job>', 'the file; paths in it are relative to it')
    .option('--threads <N>', 'threads that run tiles', integer)
    .option('--memory <MiB>', 'resident memory to stay within', integer);
  addRunOptions(command).action(async (file: string, flags: JobFlags & RunFlags) => {
    await runAsCommand(readJobFile(file), flags);
  });
}

/** The largest job file that is read. */
const MAX_FILE_BYTES = 64 << 20;

/**
 * The job in a YAML or JSON file, its paths made absolute; names that a cluster gives meaning to stay.
 * @throws bad-usage naming the file and the first field that is wrong
 */
export function readJobFile(file: string): JobSpec {
  let document: unknown;
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length > MAX_FILE_BYTES) throw new Error(`more than ${MAX_FILE_BYTES} characters`);
    document = parse(text);
  } catch (error) {
    throw badUsage({ what: `the job file cannot be read (${(error as Error).message})`, where: file });
  }
  const spec = parseJobSpec(document, file);
  const absolute = (path: string) => (isClusterName(path) ? path : resolve(dirname(file), path));
  return {
    ...spec,
    image: absolute(spec.image),
    map: spec.map === undefined ? undefined : absolute(spec.map),
    output: absolute(spec.output),
  };
}
