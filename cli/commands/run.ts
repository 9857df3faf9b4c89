import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import type { Command } from 'commander';
import { REPORT_FILES } from '../../coordinator/index.js';
import { isClusterName } from '../../library/cluster/cluster-names.js';
import { parseAnySpec } from '../../library/parse-specs.js';
import { badUsage } from '../../tiling/errors.js';
import { type AnyJobSpec, isCollectionSpec } from '../../tiling/job/collection-spec.js';
import { isDatasetSpec } from '../../tiling/job/dataset-spec.js';
import { placeInputs, placeOutputs } from '../../tiling/job/job-inputs.js';
import type { JobSpec } from '../../tiling/job/job-spec.js';
import { fixedFolder, isTemplate } from '../../tiling/job/name-template.js';
import { parseYamlText } from '../../tiling/job/yaml-text.js';
import { absoluteName, isUrl } from '../../tiling/places/url.js';
import { outputPlace } from '../../tiling/stitch/output-file.js';
import { WrittenFiles } from '../../tiling/stitch/overwrites.js';
import { readTextFile } from '../../tiling/text-file.js';
import { runCollectionAsCommand } from '../collection-run.js';
import { runDatasetAsCommand } from '../dataset-run.js';
import { addRunOptions, integer, type JobFlags, type RunFlags } from '../job-options.js';
import { isPipe } from '../pipes.js';
import { runAsCommand } from '../run-command.js';

/** `halotile run JOB.yaml`: any job from a file. */
export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .argument('<job>', 'the file; paths in it are relative to it, those of a pipe or of - to this folder')
    .option('--threads <N>', 'threads that run tiles', integer)
    .option('--memory <MiB>', 'resident memory to stay within', integer);
  addRunOptions(command).action(async (file: string, flags: JobFlags & RunFlags) => {
    const job = readJobFile(file);
    if (isDatasetSpec(job) && flags.shard !== undefined) {
      throw badUsage({ what: '--shard of a job of palettes', file, expected: 'a job over many images' });
    }
    if (isDatasetSpec(job)) await runDatasetAsCommand(job, flags);
    else if (isCollectionSpec(job)) {
      await runCollectionAsCommand({ ...job, onError: flags.onError ?? job.onError }, flags);
    } else await runAsCommand(job, flags);
  });
}

const STANDARD_INPUT = 0;
/** The largest job file that is read. */
const MAX_FILE_BYTES = 64 << 20;

/**
 * The job in a YAML or JSON file, of whichever kind, its paths made absolute. Names that a cluster gives meaning to
 * stay.
 * @throws bad-usage naming the file and the first field that is wrong
 */
export function readJobFile(file: string): AnyJobSpec {
  return jobIn(readDocument(file), file);
}

/** What a YAML or JSON file holds, or standard input where it is `-`. @throws bad-usage */
export function readDocument(file: string): unknown {
  const isPiped = isPipe(file);
  if (isPiped && isatty(STANDARD_INPUT)) {
    throw badUsage({ what: 'standard input is a terminal', expected: 'a job from a pipe or < FILE' });
  }
  const options = { what: 'the job file', maxBytes: MAX_FILE_BYTES };
  const text = isPiped
    ? readTextFile('standard input', { ...options, fd: STANDARD_INPUT })
    : readTextFile(file, options);
  try {
    return parseYamlText(text);
  } catch (error) {
    throw badUsage({ what: `the job file cannot be read (${(error as Error).message})`, file });
  }
}

/** The job in what a file holds, its paths made absolute. @throws bad-usage naming the file and the field */
export function jobIn(document: unknown, file: string): AnyJobSpec {
  // What a pipe brings has no folder of its own.
  const folder = !isPipe(file) && statSync(file).isFile() ? dirname(file) : '.';
  const absolute = (path: string) => (isClusterName(path) ? path : absoluteName(path, folder));
  const job = placed(parseAnySpec(document, file), absolute);
  if (!isClusterName(job.output) && !isPipe(file)) WrittenFiles.of({ files: () => filesOf(job) }).refuse(file);
  return job;
}

/** What of a job's output may lie where its own file does. */
function filesOf(job: AnyJobSpec): string[] {
  if (isUrl(job.output)) return [];
  if ('image' in job) return [outputPlace(job.output)];
  const folder = isTemplate(job.output) ? fixedFolder(job.output) : job.output;
  return REPORT_FILES.map((name) => join(folder, name));
}

/**
 * The image job in a YAML or JSON file.
 * @throws bad-usage where it is none
 */
export function readImageJobFile(file: string): JobSpec {
  const job = readJobFile(file);
  if ('image' in job) return job;
  throw badUsage({ what: 'a job over many images has no single plan', file, expected: 'the job of one image' });
}

function placed<S extends AnyJobSpec>(spec: S, absolute: (path: string) => string): S {
  return placeOutputs(
    placeInputs(spec, ({ path }) => absolute(path)),
    absolute,
  );
}
