import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DatasetProgress, type PaletteJobResult, runPaletteJob } from '../../coordinator/index.js';
import { badUsage } from '../../tiling/errors.js';
import { type PaletteJob, type PaletteJobInput, paletteJobSchema } from '../../tiling/palette/palette-job.js';
import { firstIssue } from '../../tiling/plan/resolve-operations.js';
import { FramePool } from '../../worker/index.js';
import { formatBytes, formatSeconds, formatWhole } from '../format.js';
import { interruptible } from '../interrupt.js';
import { integer, number } from '../job-options.js';

type PaletteOptions = NonNullable<PaletteJobInput['palette']>;

interface PaletteFlags extends Pick<PaletteOptions, 'method' | 'quantile' | 'bandwidth' | 'threshold' | 'sample'> {
  readonly output: string;
  readonly size?: PaletteJobInput['size'];
  readonly target?: string;
  readonly seed?: number;
  readonly colors?: number;
  readonly space?: PaletteOptions['space'];
  readonly centres?: PaletteOptions['centres'];
  readonly onError?: PaletteJobInput['onError'];
  readonly spill?: number;
  readonly threads?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly restart?: boolean;
}

/** `halotile palette FRAMES -o OUT --size 64x90`: one palette per character over all of its frames. */
export function registerPalette(program: Command): void {
  program
    .command('palette')
    .description('downscale frames and give all frames of a character one palette')
    .argument('<frames...>', 'a folder FRAMES/<character>/*.png, patterns, files, or a manifest (.csv, .yaml, .json)')
    .requiredOption('-o, --output <folder>', 'folder to write: one folder per character, report.html, report.json')
    .option('--size <WxH>', 'downscale every frame to this size, nearest pixel (default: its own size)', size)
    .option('--target <file>', 'then map to this palette: .png, .gpl, .hex or .json')
    .addOption(new Option('--method <name>', 'how colours are found').choices(['mean-shift', 'threshold']))
    .option('--quantile <q>', 'bandwidth: distance to the nearest q of all pixels, on average (default: 0.1)', number)
    .option('--bandwidth <b>', 'radius of the kernel, instead of an estimate', number)
    .option('--threshold <T>', 'threshold method: distance between kept colours (default: 32, Oklab 0.08)', number)
    .option('--sample <N>', 'search in N pixels drawn at random, not in all', integer)
    .option('--seed <S>', 'of the draw (default: 0)', integer)
    .option('--colors <K>', 'at most K colours: those that would be missed most', integer)
    .addOption(new Option('--space <name>', 'where distances are measured in the search').choices(['rgb', 'oklab']))
    .addOption(new Option('--centres <rule>', 'how centres become bytes').choices(['truncate', 'round']))
    .addOption(new Option('--on-error <what>', 'for an unreadable frame or empty character').choices(['fail', 'skip']))
    .option('--spill <MiB>', 'disk for downscaled frames, so that none is decoded twice (default: 8192)', integer)
    .option('--threads <N>', 'threads (default: one for each core)', integer)
    .option('--json', 'print one JSON object with the result')
    .option('--quiet', 'no progress')
    .option('--restart', 'forget what earlier runs did')
    .action(async (frames: string[], flags: PaletteFlags) => {
      const result = await runAsCommand(paletteJobOf(frames, flags), flags);
      process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : describe(result));
    });
}

/**
 * The job that flags describe.
 * @throws bad-usage naming the first field that is wrong
 */
function paletteJobOf(frames: readonly string[], flags: PaletteFlags): PaletteJob {
  const { output, size, target, onError, spill, method, quantile, bandwidth, threshold } = flags;
  const { sample, seed, colors, space, centres } = flags;
  const parsed = paletteJobSchema.safeParse({
    frames,
    output,
    size,
    target,
    onError,
    spillBytes: spill === undefined ? undefined : spill * 2 ** 20,
    palette: { method, quantile, bandwidth, threshold, sample, seed, colors, space, centres },
  });
  if (parsed.success) return parsed.data;
  throw badUsage({ what: `the job is not valid: ${firstIssue(parsed.error)}` });
}

async function runAsCommand(job: PaletteJob, flags: PaletteFlags): Promise<PaletteJobResult> {
  const threads = flags.threads ?? availableParallelism();
  if (threads < 1 || threads > 1024) {
    throw badUsage({ what: `--threads ${threads}`, expected: 'a number from 1 to 1024' });
  }
  const executor = new FramePool({ threads });
  const line = statusLine(flags.quiet === true || flags.json === true);
  try {
    return await interruptible('the frames under way', (signal) =>
      runPaletteJob({
        job,
        executor,
        restart: flags.restart === true,
        onProgress: line.show,
        signal,
        now: () => performance.now() / 1000,
      }),
    );
  } finally {
    line.clear();
    await executor.close();
  }
}

const REDRAW_MS = 100;

/** One line on a terminal that says how far the job is; nothing elsewhere. */
function statusLine(quiet: boolean): { show: (progress: DatasetProgress) => void; clear: () => void } {
  if (quiet || !process.stderr.isTTY) return { show: () => {}, clear: () => {} };
  const startMs = performance.now();
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    show: ({ frames, characters, reused }) => {
      const nowMs = performance.now();
      if (nowMs - drawnMs < REDRAW_MS) return;
      drawnMs = nowMs;
      const rate = frames.counted / ((nowMs - startMs) / 1000);
      const text = `characters ${characters.done}/${characters.total}  frames read ${frames.counted}, written ${
        frames.written + reused
      } of ${frames.total}  ${rate.toFixed(0)} frames/s`;
      process.stderr.write(`\r\x1b[2K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
    },
    clear: () => process.stderr.write('\r\x1b[2K'),
  };
}

/** What a finished job did, for people. */
function describe({ output, characters, frames, seconds, bytes, peakMemoryBytes, report }: PaletteJobResult): string {
  const kept = frames.reused === 0 ? '' : `, ${formatWhole(frames.reused)} of them by earlier runs`;
  const failed = frames.failed === 0 ? '' : `; ${formatWhole(frames.failed)} not written, see the report`;
  return [
    `${output}: ${formatWhole(frames.written)} of ${formatWhole(frames.total)} frames of ${formatWhole(characters.total)} characters${kept}${failed}`,
    `  ${formatSeconds(seconds.total)}; ${formatBytes(bytes.read)} read, ${formatBytes(bytes.written)} written; peak memory ${formatBytes(peakMemoryBytes)}`,
    `  ${report}`,
    '',
  ].join('\n');
}

function size(text: string): PaletteJobInput['size'] {
  const sides = /^(\d{1,5})[x×](\d{1,5})$/.exec(text);
  if (sides === null) throw new InvalidArgumentError('Not a size like 64x90.');
  return { width: Number(sides[1]), height: Number(sides[2]) };
}
