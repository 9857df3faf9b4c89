import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { machineOf } from '../../library/machine.js';
import { makeDemoScene } from '../demo/scene.js';
import { formatBytes, formatSeconds, formatWhole } from '../format.js';
import { addRunOptions, integer, jobSpecOf, type RunFlags } from '../job-options.js';
import { createProgress } from '../progress.js';
import { runAsCommand } from '../run-command.js';
import { writePreview } from './preview.js';

interface DemoFlags extends RunFlags {
  readonly directory: string;
  readonly size: number;
  readonly seed: number;
  readonly threads?: number;
  readonly compression: 'none' | 'deflate';
}

/** `halotile demo`: the main job on a scene of its own making. */
export function registerDemo(program: Command): void {
  const command = program
    .command('demo')
    .option('--directory <dir>', 'where the files go (about 2 GB at the full size)', 'demo')
    .option('--size <px>', 'width and height of the scene', integer, 15000)
    .option('--seed <N>', 'another scene', integer, 1)
    .option('--compression <codec>', 'of the output: none or deflate', 'none')
    .option('--threads <N>', 'threads that run tiles (default: one for each core)', integer);
  addRunOptions(command).action(runDemo);
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const directory = resolve(flags.directory);
  const say = (line: string) => {
    if (!flags.json && !flags.quiet) process.stdout.write(`${line}\n`);
  };
  const quiet = flags.quiet === true || flags.json === true;
  const machine = machineOf(flags);
  const size = { width: flags.size, height: flags.size };
  say(`1. a scene of ${formatWhole(size.width)}×${formatWhole(size.height)} pixels and its distance map`);
  const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
  const scene = await makeDemoScene({
    directory,
    size,
    seed: flags.seed,
    threads: machine.threads,
    onProgress: (pixels, totalPixels) => bar.update({ pixels, totalPixels }),
  });
  bar.clear();
  const bytes = formatBytes(size.width * size.height * 4);
  say(`   ${scene.image} and ${scene.map}: ${bytes}, ${scene.reused ? 'there already' : formatSeconds(scene.seconds)}`);
  say(`2. halotile blur scene.tif --map distance.tif -o blurred.tif --compression ${flags.compression}`);
  const output = join(directory, 'blurred.tif');
  const jobFlags = { ...flags, overviews: true, predictor: true };
  const operations = [{ name: 'box' }];
  await runAsCommand(jobSpecOf({ image: scene.image, map: scene.map, output, operations }, jobFlags), jobFlags);
  const picture = join(directory, 'preview.png');
  await writePreview(output, picture, 1024);
  say(`3. ${picture} shows the result`);
}
