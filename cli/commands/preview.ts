import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { checkedOutput, publishOutput } from '../../coordinator/index.js';
import { loadSharp } from '../../tiling/codecs/load-sharp.js';
import { badInput, badUsage } from '../../tiling/errors.js';
import { outputName } from '../../tiling/job/job-spec.js';
import { firstIssue } from '../../tiling/plan/resolve-operations.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { type Preview, previewFile, previewPartial } from '../../tiling/stitch/preview.js';
import { integer } from '../job-options.js';

const PARTIAL = '.partial';

/** `halotile preview OUT[.partial] -o PICTURE.png`: what an output looks like, finished or not. */
export function registerPreview(program: Command): void {
  program
    .command('preview')
    .description('write a small picture of an output, finished or not')
    .argument('<output>', 'OUT.tif, or OUT.tif.partial of an unfinished job')
    .requiredOption('-o, --output <file>', 'the PNG to write')
    .option('--size <px>', 'longest side of the picture', integer, 1024)
    .action(async (path: string, flags: { output: string; size: number }) => {
      const preview = await writePreview(resolve(path), pictureOf(flags.output), flags.size);
      const share = (100 * preview.finishedShare).toFixed(1);
      process.stdout.write(`${flags.output}: ${preview.width}×${preview.height}, ${share} % finished\n`);
    });
}

function pictureOf(output: string): string {
  const parsed = outputName.safeParse(output);
  if (parsed.success) return resolve(output);
  throw badUsage({ what: firstIssue(parsed.error), where: '--output' });
}

/**
 * Writes a PNG of an output or of an unfinished job.
 * @throws bad-input where there is neither
 */
export async function writePreview(path: string, picture: string, maxSide: number): Promise<Preview> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw badInput({ what: 'there is no such file or directory', where: path });
  const read = stat.isDirectory()
    ? readdirSync(path, { recursive: true }).map((name) => join(path, `${name}`))
    : [path];
  const place = checkedOutput(picture, read);
  const preview = stat.isDirectory()
    ? await previewPartial(partialPaths(path.slice(0, -PARTIAL.length)), maxSide)
    : await previewFile(path, maxSide);
  const { width, height, channels, pixels } = preview;
  const sharp = await loadSharp();
  const temporary = `${place}.${process.pid}.part`;
  try {
    writeFileSync(temporary, await sharp(pixels, { raw: { width, height, channels } }).png().toBuffer());
    await publishOutput(temporary, place);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw outputFault(cause, picture);
  }
  return preview;
}
