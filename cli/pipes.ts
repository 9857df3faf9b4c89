import { createReadStream, createWriteStream, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Option } from 'commander';
import { badInput, badUsage, HalotileError } from '../tiling/errors.js';
import type { JobSpec } from '../tiling/job/job-spec.js';
import { makeScratchFolder } from '../tiling/sources/scratch-folder.js';
import { type PartialPaths, partialPaths, readPartialJob } from '../tiling/stitch/partial.js';
import type { JobFlags, RunFlags } from './job-options.js';
import { runAsCommand } from './run-command.js';

/** What a command calls standard input and standard output; a file of that name is `./-`. */
const PIPE = '-';
/** Endings of what standard output may be written as: formats of one file. */
const PIPE_FORMATS = ['tif', 'ome.tif', 'png', 'jpg', 'webp'] as const;

/** What `--format` parses to. */
export interface PipeFlags {
  readonly format?: string;
}

/** The files of a job of one image as a command names them. */
export interface JobNames {
  readonly image: string;
  readonly map?: string | undefined;
  readonly output: string;
}

/** The flag that says what `-o -` writes. */
export function formatOption(): Option {
  return new Option('--format <which>', 'of standard output, with -o - (default: tif)').choices(PIPE_FORMATS);
}

/**
 * Runs a job of one image as a command, in which `-` may be the image or the map, from standard input, and the output,
 * to standard output. Both go through files in the folder for temporary files, which are gone at the end: jobs read
 * their inputs in any order, and an output is sent once it is whole. Nothing else is printed there then.
 * @param specOf the job of these names, which are files
 * @throws bad-usage before anything is read
 */
export async function runWithPipes(
  names: JobNames,
  flags: JobFlags & RunFlags & PipeFlags,
  specOf: (names: JobNames) => JobSpec,
): Promise<void> {
  const reads = [names.image, names.map].filter((name) => name === PIPE).length;
  const writes = names.output === PIPE;
  if (flags.format !== undefined && !writes) {
    throw badUsage({ what: '--format with a file to write', expected: '-o -: the ending of a file names its format' });
  }
  if (reads === 0 && !writes) return runAsCommand(specOf(names), flags);
  refuseNoPipe(reads, writes, flags);
  refuseTerminals(reads, writes);
  const folder = makeScratchFolder(tmpdir(), 'halotile-pipe');
  const unfinished = partialPaths(names.output);
  const remove = () => {
    // No later run has the same input to go on with.
    if (reads > 0 && !writes && isOver(unfinished, folder)) {
      rmSync(unfinished.directory, { recursive: true, force: true });
    }
    rmSync(folder, { recursive: true, force: true });
  };
  // Also where a reader that went away, or a second Ctrl-C, ends the process at once.
  process.once('exit', remove);
  try {
    const input = join(folder, 'standard-input');
    const fileOf = (name: string) => (name === PIPE ? input : name);
    const output = writes ? join(folder, `standard-output.${flags.format ?? 'tif'}`) : names.output;
    const spec = specOf({ image: fileOf(names.image), map: names.map && fileOf(names.map), output });
    if (reads > 0) await endingAtOnce(() => receive(input, folder));
    await runAsCommand(spec, flags, { toStandardOutput: writes }).catch(asNotKept);
    if (writes) await endingAtOnce(() => pipeline(createReadStream(output), process.stdout, { end: false }));
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** What a command that runs no job reads and writes. */
interface ReadAndWritten {
  readonly input: string;
  readonly output: string;
}

/**
 * Does what reads one file and writes one, either of which may be `-`: standard input and output go through files in
 * the folder for temporary files, which are gone at the end.
 * @param ending of the file that is sent to standard output
 */
export async function throughPipes(
  names: ReadAndWritten,
  { ending }: { readonly ending: string },
  act: (files: ReadAndWritten) => Promise<void>,
): Promise<void> {
  const reads = names.input === PIPE;
  const writes = names.output === PIPE;
  if (!reads && !writes) return act(names);
  refuseTerminals(reads ? 1 : 0, writes);
  const folder = makeScratchFolder(tmpdir(), 'halotile-pipe');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const input = reads ? join(folder, 'standard-input') : names.input;
    const output = writes ? join(folder, `standard-output.${ending}`) : names.output;
    if (reads) await endingAtOnce(() => receive(input, folder));
    await act({ input, output });
    if (writes) await endingAtOnce(() => pipeline(createReadStream(output), process.stdout, { end: false }));
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** Whether a name stands for standard input or output. */
export function isPipe(name: string): boolean {
  return name === PIPE;
}

/** @throws bad-usage for a job over many images that names standard input or output */
export function refusePipesOfMany(
  images: readonly string[],
  { map, output, format }: { readonly map?: string; readonly output: string } & PipeFlags,
): void {
  if (![...images, map, output].includes(PIPE) && format === undefined) return;
  throw badUsage({ what: 'standard input or output of many images', expected: 'one image, or files' });
}

/** Whether an unfinished output is that of the job over a file in `folder`, and not one that another run began meanwhile. */
function isOver(unfinished: PartialPaths, folder: string): boolean {
  try {
    const about = readPartialJob(unfinished)?.about;
    return about !== undefined && JSON.stringify(about).includes(JSON.stringify(folder).slice(1, -1));
  } catch {
    // Another release's, or none that can be read: not ours to remove.
    return false;
  }
}

function asNotKept(cause: unknown): never {
  if (!(cause instanceof HalotileError && cause.tag === 'interrupted')) throw cause;
  const remedy = 'run the command again; of a job through a pipe nothing is kept';
  throw new HalotileError('interrupted', { what: 'interrupted', remedy }, { cause });
}

function refuseNoPipe(reads: number, writes: boolean, { coordinator, json, dryRun }: RunFlags): void {
  if (coordinator !== undefined) throw badUsage({ what: '- with --coordinator', expected: 'files' });
  if (reads > 1) throw badUsage({ what: '- for image and map', expected: 'one of them from standard input' });
  if (writes && (json || dryRun)) {
    throw badUsage({ what: `${json ? '--json' : '--dry-run'} with -o -`, expected: 'one of them on standard output' });
  }
}

/** @throws bad-usage where a person would have to type an image, or to read one */
function refuseTerminals(reads: number, writes: boolean): void {
  if (writes && process.stdout.isTTY) {
    throw badUsage({ what: 'standard output is a terminal', expected: '-o - with a pipe or > FILE' });
  }
  if (reads > 0 && process.stdin.isTTY) {
    throw badUsage({ what: 'standard input is a terminal', expected: 'a pipe or < FILE' });
  }
}

async function receive(file: string, folder: string): Promise<void> {
  try {
    await pipeline(process.stdin, createWriteStream(file));
  } catch (cause) {
    const { syscall, code } = cause as NodeJS.ErrnoException;
    if (syscall === 'read')
      throw badInput({ what: `standard input cannot be read (${code})`, expected: 'an image' }, cause);
    const what = `standard input cannot be copied to a file (${code === 'ENOSPC' ? 'no space is left' : code})`;
    const remedy = 'free space there, or set TMPDIR to another folder';
    throw new HalotileError('output-failed', { what, file: folder, remedy }, { cause });
  }
  if (statSync(file).size === 0) throw badInput({ what: 'standard input is empty', expected: 'an image' });
}

/** Nothing of a copy is worth keeping. */
async function endingAtOnce(copy: () => Promise<void>): Promise<void> {
  const end = () => process.exit(130);
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, end);
  try {
    await copy();
  } finally {
    for (const signal of signals) process.off(signal, end);
  }
}
