import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDatasetSpec } from '../../library/parse-specs.js';
import type { DatasetSpec, DatasetSpecInput } from '../../tiling/job/dataset-spec.js';
import { DITHERS } from '../../tiling/palette/dither.js';
import { runDatasetAsCommand } from '../dataset-run.js';
import { addEndpointOptions, type EndpointFlags } from '../endpoint-options.js';
import { GRACE_SECONDS } from '../interrupt.js';
import { integer, number } from '../job-options.js';

type PaletteOptions = NonNullable<DatasetSpecInput['palette']>;

interface PaletteFlags
  extends EndpointFlags,
    Pick<PaletteOptions, 'method' | 'quantile' | 'bandwidth' | 'threshold' | 'sample'> {
  readonly output: string;
  readonly size?: { readonly width: number; readonly height: number };
  readonly target?: string;
  readonly seed?: number;
  readonly colors?: number;
  readonly space?: PaletteOptions['space'];
  readonly remapSpace?: PaletteOptions['remapSpace'];
  readonly centres?: PaletteOptions['centres'];
  readonly dither?: PaletteOptions['dither'];
  readonly paletteFormats?: PaletteOptions['formats'];
  readonly onError?: DatasetSpecInput['onError'];
  readonly spill?: number;
  readonly largeFormat?: DatasetSpecInput['largeFormat'];
  readonly threads?: number;
  readonly coordinator?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly restart?: boolean;
  readonly dryRun?: boolean;
  readonly verify?: string;
  readonly grace: number;
}

/** `halotile palette FRAMES -o OUT --size 64x90`: one palette per character over all of its frames. */
export function registerPalette(program: Command): void {
  const command = program
    .command('palette')
    .argument('<frames...>', 'a folder FRAMES/<character>/*.png, patterns, files, or a manifest (.csv, .yaml, .json)')
    .requiredOption('-o, --output <folder>', 'folder to write: one folder per character, report.html, report.json')
    .option('--size <WxH>', 'downscale every frame to this size, nearest pixel (default: its own size)', size)
    .option('--target <file>', 'then map to this palette: .png, .gpl, .hex, .pal, .act, .txt or .json')
    .addOption(new Option('--method <name>', 'how colours are found').choices(['mean-shift', 'threshold']))
    .option('--quantile <q>', 'bandwidth: distance to the nearest q of all pixels, on average (default: 0.1)', number)
    .option('--bandwidth <b>', 'radius of the kernel, instead of an estimate', number)
    .option('--threshold <T>', 'threshold method: distance between kept colours (default: 32, Oklab 0.08)', number)
    .option('--sample <N>', 'search in N pixels drawn at random, not in all', integer)
    .option('--seed <S>', 'of the draw (default: 0)', integer)
    .option('--colors <K>', 'at most K colours: those that would be missed most', integer)
    .addOption(new Option('--space <name>', 'where distances are measured in the search').choices(['rgb', 'oklab']))
    .addOption(new Option('--remap-space <name>', "where a pixel's nearest colour is").choices(['rgb', 'oklab']))
    .addOption(new Option('--centres <rule>', 'how centres become bytes').choices(['truncate', 'round']))
    .addOption(new Option('--dither <name>', 'mix colours where none is near (default: none)').choices(DITHERS))
    .option('--palette-formats <list>', 'also write palettes as these: hex, pal (JASC), act, txt (paint.net)', formats)
    .addOption(
      new Option('--on-error <what>', 'what to do at an unreadable frame or a character without colours').choices([
        'fail',
        'skip',
      ]),
    )
    .option('--spill <MiB>', 'disk for downscaled frames, so that none is decoded twice (default: 8192)', integer)
    .addOption(
      new Option('--large-format <name>', 'format of images above 16 Mpx (default: tif)').choices(['tif', 'png']),
    )
    .option('--threads <N>', 'threads (default: one for each core)', integer)
    .option('--json', 'print one JSON object with the result')
    .option('--quiet', 'print only errors and warnings')
    .option('--dry-run', 'say what it would do, and write nothing')
    .option('--restart', 'discard what earlier runs did and begin anew')
    .option('--grace <seconds>', 'what frames under way may take once it is told to stop', integer, GRACE_SECONDS)
    .option('--verify <1/N>', 'with --coordinator: compute one task in N on a second worker too, and compare')
    .option('--coordinator <address>', 'run the job on the cluster of this coordinator, HOST:PORT');
  addEndpointOptions(command).action(async (frames: string[], flags: PaletteFlags) => {
    await runDatasetAsCommand(paletteJobOf(frames, flags), flags);
  });
}

/**
 * The job that flags describe.
 * @throws bad-usage naming the first field that is wrong
 */
function paletteJobOf(frames: readonly string[], flags: PaletteFlags): DatasetSpec {
  const { output, size, target, onError, spill, largeFormat, method, quantile, bandwidth, threshold } = flags;
  const { sample, seed, colors, space, remapSpace, centres, dither, paletteFormats: formats } = flags;
  return parseDatasetSpec({
    frames,
    output,
    size,
    target,
    onError,
    largeFormat,
    spillBytes: spill === undefined ? undefined : spill * 2 ** 20,
    palette: {
      ...{ method, quantile, bandwidth, threshold, sample, seed, colors, space },
      ...{ remapSpace, centres, dither, formats },
    },
  });
}

/** Checked with the rest of the job. */
function formats(text: string): PaletteFlags['paletteFormats'] {
  return text.split(',').map((each) => each.trim().replace(/^\./, '')) as PaletteFlags['paletteFormats'];
}

function size(text: string): PaletteFlags['size'] {
  const sides = /^(\d{1,5})[x×](\d{1,5})$/.exec(text);
  if (sides === null) throw new InvalidArgumentError('Not a size like 64x90.');
  return { width: Number(sides[1]), height: Number(sides[2]) };
}
