import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { MeasureResult } from '../../coordinator/index.js';
import { machineOf } from '../../library/machine.js';
import { measureLocally } from '../../library/measure.js';
import { absoluteName } from '../../tiling/places/url.js';
import { formatBytes, formatSeconds } from '../format.js';
import { interruptible } from '../interrupt.js';
import { integer } from '../job-options.js';
import { printResult } from '../print-result.js';
import { createProgress } from '../progress.js';

interface MeasureFlags {
  readonly output: string;
  readonly threads?: number;
  readonly memory?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** `halotile measure LABELS [IMAGE…] -o TABLE`: figures of each label, and of images under it. */
export function registerMeasure(program: Command): void {
  program
    .command('measure')
    .argument('<labels>', 'an image of labels, as --op label makes it: one channel of whole numbers, 0 for none')
    .argument('[images...]', 'images of the same size, measured under each label')
    .requiredOption('-o, --output <file>', 'the table to write: .csv or .jsonl')
    .option('--threads <N>', 'threads that measure (default: one for each core)', integer)
    .option('--memory <MiB>', 'resident memory to stay within (default: 256 for each thread, at least 512)', integer)
    .option('--json', 'print one JSON object with the result')
    .option('--quiet', 'print only errors and warnings')
    .action(async (labels: string, images: string[], flags: MeasureFlags) => {
      const quiet = flags.quiet === true || flags.json === true;
      const bar = createProgress({ stream: process.stderr, quiet, nowMs: () => performance.now() });
      const spec = {
        labels: absoluteName(labels),
        images: images.map((path) => absoluteName(path)),
        output: resolve(flags.output),
      };
      try {
        const result = await interruptible({ underWay: 'the parts under way' }, (signal) =>
          measureLocally(spec, {
            machine: machineOf(flags),
            signal,
            onProgress: (pixels, totalPixels) => bar.update({ pixels, totalPixels }),
          }),
        );
        bar.clear();
        printResult({ ...result, output: flags.output }, flags, describe);
      } finally {
        bar.clear();
      }
    });
}

function describe({ output, labels, bytes, seconds }: MeasureResult): string {
  return `${output}: ${labels} labels, ${formatBytes(bytes)}\n  ${formatSeconds(seconds)}\n`;
}
