import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { MeasureResult } from '../../coordinator/index.js';
import { machineOf } from '../../library/machine.js';
import { measureLocally } from '../../library/measure.js';
import { badUsage } from '../../tiling/errors.js';
import { absoluteName } from '../../tiling/places/url.js';
import { formatBytes, formatSeconds } from '../format.js';
import { interruptible } from '../interrupt.js';
import { integer } from '../job-options.js';
import { isPipe, throughPipes } from '../pipes.js';
import { printResult } from '../print-result.js';
import { createProgress } from '../progress.js';

/** What standard output may be. */
const TABLES = ['csv', 'jsonl'] as const;

interface MeasureFlags {
  readonly output: string;
  readonly format?: (typeof TABLES)[number];
  readonly threads?: number;
  readonly memory?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `halotile measure LABELS [IMAGE…] -o TABLE`: figures of each label, and of images under it. */
export function registerMeasure(program: Command): void {
  program
    .command('measure')
    .argument(
      '<labels>',
      'an image of labels, as --op label makes it: one channel of whole numbers, 0 for none; - for standard input',
    )
    .argument('[images...]', 'images of the same size, measured under each label')
    .requiredOption('-o, --output <file>', 'the table to write: .csv or .jsonl; - for standard output')
    .addOption(new Option('--format <which>', 'of standard output, with -o - (default: csv)').choices(TABLES))
    .option('--threads <N>', 'threads that measure (default: one for each core)', integer)
    .option('--memory <MiB>', 'resident memory to stay within (default: 256 for each thread, at least 512)', integer)
    .option('--json', 'print one JSON object with the result')
    .option('--quiet', 'print only errors and warnings')
    .action(async (labels: string, images: string[], flags: MeasureFlags) => {
      const quiet = flags.quiet === true || flags.json === true;
      const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
      const isPiped = isPipe(flags.output);
      refuseOddPipes(flags, images);
      const run = async (files: { readonly input: string; readonly output: string }) => {
        const spec = {
          labels: absoluteName(files.input),
          images: images.map((path) => absoluteName(path)),
          output: resolve(files.output),
        };
        const result = await interruptible({ underWay: 'the parts under way' }, (signal) =>
          measureLocally(spec, {
            machine: machineOf(flags),
            signal,
            onProgress: (pixels, totalPixels) => bar.update({ pixels, totalPixels }),
          }),
        );
        bar.clear();
        if (!isPiped) printResult({ ...result, output: flags.output }, flags, describe);
        else if (!quiet) process.stderr.write(describe({ ...result, output: 'standard output' }));
      };
      try {
        await throughPipes({ input: labels, output: flags.output }, { ending: flags.format ?? TABLES[0] }, run);
      } finally {
        bar.clear();
      }
    });
}

/** @throws bad-usage */
function refuseOddPipes({ output, format, json }: MeasureFlags, images: readonly string[]): void {
  if (format !== undefined && !isPipe(output)) {
    throw badUsage({ what: '--format with a file to write', expected: '-o -: the ending of a file names its format' });
  }
  if (images.some(isPipe)) throw badUsage({ what: '- for an image', expected: 'the labels from standard input' });
  if (json && isPipe(output)) {
    throw badUsage({ what: '--json with -o -', expected: 'one of them on standard output' });
  }
}

function describe({ output, labels, bytes, seconds }: MeasureResult): string {
  return `${output}: ${labels} labels, ${formatBytes(bytes)}\n  ${formatSeconds(seconds)}\n`;
}
