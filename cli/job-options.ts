import { type Command, InvalidArgumentError, Option } from 'commander';
import { isClusterName } from '../library/cluster/cluster-names.js';
import { BACKENDS, type BackendChoice } from '../library/executor.js';
import { parseCollectionSpec, parseJobSpec } from '../library/parse-specs.js';
import { badUsage } from '../tiling/errors.js';
import type { CollectionSpec, CollectionSpecInput } from '../tiling/job/collection-spec.js';
import { placeInputs, placeOutputs } from '../tiling/job/job-inputs.js';
import { COLOURS, type JobSpec, type JobSpecInput, ORIENTS, OUTPUT_CODECS } from '../tiling/job/job-spec.js';
import { type Shard, shardOf } from '../tiling/job/shard.js';
import { BORDERS } from '../tiling/operations/index.js';
import { absoluteName } from '../tiling/places/url.js';
import { DTYPES } from '../tiling/raster/dtype.js';
import { wholeNumber } from '../tiling/tiff/nodata.js';
import { addEndpointOptions, type EndpointFlags } from './endpoint-options.js';
import { GRACE_SECONDS } from './interrupt.js';

/** What the shared flags of all job commands parse to. */
export interface JobFlags {
  readonly scale?: number;
  readonly offset?: number;
  readonly maxRadius?: number;
  readonly mapInvalid?: 'error' | 'clamp';
  readonly dtype?: (typeof DTYPES)[number];
  readonly nodata?: string;
  /** A number, or several as a text. */
  readonly page?: number | string;
  readonly orient?: (typeof ORIENTS)[number];
  readonly colour?: (typeof COLOURS)[number];
  readonly alpha?: 'weighted' | 'channel';
  /** `use`, `ignore`, or where distances are wanted the file of a mask. */
  readonly mask?: string;
  readonly border?: (typeof BORDERS)[number];
  readonly constant?: number;
  readonly halo?: 'adaptive' | 'max';
  readonly compression?: (typeof OUTPUT_CODECS)[number];
  readonly level?: number;
  readonly codecQuality?: number;
  readonly predictor: boolean;
  readonly overviews: boolean;
  readonly tile?: number;
  readonly block?: number;
  readonly threads?: number;
  readonly memory?: number;
}

/** How a run behaves, beside what it computes. */
export interface RunFlags extends EndpointFlags {
  readonly coordinator?: string;
  readonly backend: BackendChoice;
  readonly gpuMemory?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly durable?: boolean;
  readonly onError?: 'stop' | 'skip';
  readonly restart?: boolean;
  readonly dryRun?: boolean;
  readonly verify?: string;
  readonly grace: number;
  readonly shard?: Shard;
}

/** Whether an image is turned upright. */
export function orientOption(): Option {
  return new Option(
    '--orient <how>',
    'pixels as they are stored, or turned upright as the orientation tag says',
  ).choices(ORIENTS);
}

/** Adds the flags that say what a job computes and with what. */
export function addJobOptions(command: Command): Command {
  return command
    .optionsGroup('How map values count:')
    .option('--scale <S>', 'map values are multiplied by S', number)
    .option('--offset <O>', 'then O is added', number)
    .option('--max-radius <R>', 'and the result is cut to R (radius or sigma, pixels)', number)
    .addOption(new Option('--map-invalid <how>', 'negative or non-finite map values').choices(['error', 'clamp']))
    .optionsGroup('What is computed:')
    .addOption(
      new Option('--border <rule>', 'samples beyond the edge of the image (default: by the operation)').choices(
        BORDERS,
      ),
    )
    .option('--constant <V>', 'sample value beyond the edge with --border constant', number)
    .addOption(new Option('--dtype <type>', "output samples (default: the input's)").choices(DTYPES))
    .option('--nodata <V[,V…]>', 'value of missing samples, one for all channels or one each; nan, inf, or none')
    .option('--page <N>', 'which image of a file of several, from 1: halotile inspect lists them; all, or 1-3,7', page)
    .addOption(orientOption())
    .addOption(
      new Option('--colour <how>', 'CMYK and L*a*b*: channels as they are stored, or made RGB first').choices(COLOURS),
    )
    .addOption(
      new Option('--alpha <how>', 'average colour by alpha, or treat it as a channel').choices(['weighted', 'channel']),
    )
    .addOption(
      new Option(
        '--mask <how>',
        "use or ignore: leave out what the image's transparency mask hides, or read over it; a file for --distance-from",
      ),
    )
    .optionsGroup('How it is written:')
    .addOption(new Option('--compression <codec>', 'of the output (default: deflate)').choices(OUTPUT_CODECS))
    .option('--level <N>', 'compression level of deflate (1-9) or zstd (1-19)', integer)
    .option('--codec-quality <Q>', 'of jpeg and webp, 1-100', integer)
    .option('--no-predictor', 'compress samples as they are, not their differences')
    .option('--no-overviews', 'write level 0 only')
    .option('--block <px>', 'output block side, a multiple of 16 (default: 512)', integer)
    .optionsGroup('What it takes:')
    .addOption(new Option('--halo <how>', "halos by each tile's own map, or one for all").choices(['adaptive', 'max']))
    .option('--tile <px>', 'tile side, a multiple of the output block (default: planned)', integer)
    .option('--threads <N>', 'threads that run tiles (default: one for each core)', integer)
    .option(
      '--memory <MiB>',
      'resident memory to stay within (default: 256 for each thread, at least 512, and where tiles fit into no less what they need, up to a quarter of the machine)',
      integer,
    );
}

/** A path made absolute; a name that a cluster gives meaning to stays. */
function placeOf(name: string): string {
  return isClusterName(name) ? name : absoluteName(name);
}

/** Adds the flags that say how a run behaves. */
export function addRunOptions(command: Command): Command {
  command
    .optionsGroup('How it runs:')
    .option('--json', 'print one JSON object with the result')
    .option('--quiet', 'print only errors and warnings')
    .option('--durable', 'survive a power loss too: wait for the disk at every commit')
    .option('--dry-run', 'say what it would do, and write nothing')
    .option('--restart', 'discard an unfinished job of this output; of many images, do all again')
    .option('--shard <I/N>', 'of many images, only the share I (from 0) of N, without a coordinator', shard)
    .addOption(new Option('--on-error <what>', 'of many images, for one that fails').choices(['stop', 'skip']))
    .option('--grace <seconds>', 'what tiles under way may take once it is told to stop', integer, GRACE_SECONDS)
    .addOption(new Option('--backend <which>', 'what computes the tiles').choices(BACKENDS).default('wasm'))
    .option('--gpu-memory <MiB>', 'device memory that tiles may hold together (default: 2048)', integer)
    .optionsGroup('On a cluster:')
    .option('--coordinator <address>', 'run it on the cluster of HOST:PORT; local files are sent and fetched')
    .option('--verify <1/N>', 'with --coordinator: compute one task in N on a second worker too, and compare');
  return addEndpointOptions(command);
}

/**
 * The job that flags describe.
 * @throws bad-usage naming the first field that is wrong
 */
export function jobSpecOf(
  base: Pick<JobSpecInput, 'image' | 'map' | 'mapOperations' | 'output' | 'operations' | 'measure'>,
  flags: JobFlags,
): JobSpec {
  const spec = parseJobSpec({ ...base, ...fieldsOf(base.operations, flags) });
  return placeOutputs(
    placeInputs(spec, ({ path }) => placeOf(path)),
    placeOf,
  );
}

/**
 * The job over many images that flags describe.
 * @throws bad-usage naming the first field that is wrong
 */
export function collectionSpecOf(
  base: Pick<CollectionSpecInput, 'images' | 'map' | 'mapOperations' | 'output' | 'operations' | 'measure' | 'onError'>,
  flags: JobFlags,
): CollectionSpec {
  const pages = typeof flags.page === 'string' ? flags.page : undefined;
  const spec = parseCollectionSpec({ ...base, ...fieldsOf(base.operations, flags), pages });
  return placeOutputs(
    placeInputs(spec, ({ path }) => placeOf(path)),
    placeOf,
  );
}

/** The fields that all jobs have in common. */
function fieldsOf(operations: JobSpecInput['operations'], flags: JobFlags): Omit<JobSpecInput, 'image' | 'output'> {
  return {
    operations: operations.map((operation) => ({
      ...operation,
      border: operation.border ?? flags.border,
      constant: operation.constant ?? flags.constant,
    })),
    mapping: { scale: flags.scale, offset: flags.offset, max: flags.maxRadius, invalid: flags.mapInvalid },
    dtype: flags.dtype,
    nodata: flags.nodata === undefined ? undefined : nodataOf(flags.nodata),
    page: typeof flags.page === 'string' ? undefined : flags.page,
    orient: flags.orient,
    colour: flags.colour,
    alpha: flags.alpha,
    mask: maskUseOf(flags.mask),
    halo: flags.halo,
    compression: {
      codec: flags.compression,
      level: flags.level,
      quality: flags.codecQuality,
      predictor: flags.predictor,
    },
    overviews: flags.overviews,
    tile: flags.tile,
    block: flags.block,
  };
}

/** Whether a text says what is done with the mask inside an image's file. */
export function isMaskUse(text: string): text is 'use' | 'ignore' {
  return text === 'use' || text === 'ignore';
}

function maskUseOf(text: string | undefined): 'use' | 'ignore' | undefined {
  if (text === undefined || isMaskUse(text)) return text;
  throw badUsage({ what: `--mask ${text}`, expected: 'use or ignore; a file only with --distance-from' });
}

function nodataOf(text: string): JobSpecInput['nodata'] {
  if (text === 'none') return 'none';
  return text.split(',').map((part) => {
    // Written as files have it, so that what gdalinfo prints can be given back.
    const value = wholeNumber(part);
    if (value !== undefined) return value;
    throw badUsage({ what: `--nodata ${text}`, expected: 'numbers, nan or inf with commas between them, or none' });
  });
}

/** A share from the command line. */
function shard(text: string): Shard {
  const found = shardOf(text);
  if (found === undefined) throw new InvalidArgumentError('Not I/N with I from 0 to N-1.');
  return found;
}

/** A page from the command line, or a text for several. */
export function page(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** A finite number from the command line. */
export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Not a number.');
  return value;
}

/** A non-negative integer from the command line. */
export function integer(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('Not a non-negative integer.');
  return value;
}
