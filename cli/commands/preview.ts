import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { checkedOutput, publishOutput } from '../../coordinator/index.js';
import { loadSharp } from '../../tiling/codecs/load-sharp.js';
import { badInput, badUsage } from '../../tiling/errors.js';
import { outputName } from '../../tiling/job/job-spec.js';
import { specIssue } from '../../tiling/job/spec-issue.js';
import { absoluteName, isUrl } from '../../tiling/places/url.js';
import { outputFault } from '../../tiling/stitch/output-fault.js';
import { partialPaths } from '../../tiling/stitch/partial.js';
import { type Preview, previewFile, previewPartial } from '../../tiling/stitch/preview.js';
import { integer } from '../job-options.js';
import { isPipe, throughPipes } from '../pipes.js';

const PARTIAL = '.partial';
/** What a picture is written as, by the ending of its name; PNG where it has none. */
const PICTURE_FORMATS = { '': 'png', '.png': 'png', '.jpg': 'jpeg', '.jpeg': 'jpeg', '.webp': 'webp' } as const;
/** What standard output may be. */
const PIPED = ['png', 'jpg', 'webp'] as const;
/** The longest side that all of these formats can have. */
const MAX_SIDE = 16_383;

type PictureEnding = keyof typeof PICTURE_FORMATS;

/** `halotile preview OUT[.partial] -o PICTURE.png`: what an output looks like, finished or not. */
export function registerPreview(program: Command): void {
  program
    .command('preview')
    .argument('<output>', 'OUT.tif, or OUT.tif.partial of an unfinished job; - for standard input')
    .requiredOption('-o, --output <file>', 'the picture to write: .png, .jpg or .webp; - for standard output')
    .addOption(new Option('--format <which>', 'of standard output, with -o - (default: png)').choices(PIPED))
    .option('--size <px>', 'longest side of the picture', side, 1024)
    .action(async (path: string, flags: { output: string; size: number; format?: (typeof PIPED)[number] }) => {
      const isPiped = isPipe(flags.output);
      if (flags.format !== undefined && !isPiped) {
        throw badUsage({
          what: '--format with a file to write',
          expected: '-o -: the ending of a file names its format',
        });
      }
      const names = { input: path, output: flags.output };
      await throughPipes(names, { ending: flags.format ?? PIPED[0] }, async ({ input, output }) => {
        const preview = await writePreview(absoluteName(input), pictureOf(output), flags.size);
        const share = (100 * preview.finishedShare).toFixed(1);
        const name = isPiped ? 'standard output' : flags.output;
        const line = `${name}: ${preview.width}×${preview.height}, ${share} % finished\n`;
        (isPiped ? process.stderr : process.stdout).write(line);
      });
    });
}

function pictureOf(output: string): string {
  const named = outputName.safeParse(output);
  if (!named.success) throw badUsage({ ...specIssue(named.error, outputName, output), where: '--output' });
  if (Object.hasOwn(PICTURE_FORMATS, endingOf(output))) return resolve(output);
  throw badUsage({
    what: `a picture cannot be "${endingOf(output)}"`,
    where: `--output ${output}`,
    expected: '.png, .jpg or .webp',
  });
}

function endingOf(path: string): string {
  return extname(path).toLowerCase();
}

function side(text: string): number {
  const value = integer(text);
  if (value < 1 || value > MAX_SIDE) throw new InvalidArgumentError(`Not a number from 1 to ${MAX_SIDE}.`);
  return value;
}

/**
 * Writes a picture of an output or of an unfinished job, in the format of its name's ending.
 * @throws bad-input where there is neither
 */
export async function writePreview(path: string, picture: string, maxSide: number): Promise<Preview> {
  const stat = isUrl(path) ? undefined : statSync(path, { throwIfNoEntry: false });
  if (stat === undefined && !isUrl(path)) throw badInput({ what: 'there is no such file or directory', file: path });
  if (stat?.isDirectory() && !path.endsWith(PARTIAL)) {
    throw badInput({
      what: 'a folder that is no unfinished output',
      file: path,
      expected: 'a TIFF, or OUT.partial',
      remedy: 'halotile view shows OME-Zarr and folders of many images',
    });
  }
  const read = stat?.isDirectory()
    ? readdirSync(path, { recursive: true }).map((name) => join(path, `${name}`))
    : [path];
  const place = checkedOutput(picture, read);
  const preview = stat?.isDirectory()
    ? await previewPartial(partialPaths(path.slice(0, -PARTIAL.length)), maxSide)
    : await previewFile(path, maxSide);
  const { width, height, channels, pixels } = preview;
  const format = PICTURE_FORMATS[endingOf(picture) as PictureEnding];
  const sharp = await loadSharp();
  const temporary = `${place}.${process.pid}.part`;
  try {
    writeFileSync(temporary, await sharp(pixels, { raw: { width, height, channels } }).toFormat(format).toBuffer());
    await publishOutput(temporary, place);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw outputFault(cause, picture);
  }
  return preview;
}
